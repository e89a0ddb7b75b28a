"use strict";
// Posts what stands behind the # of the callback's address to the playground's server, and takes it out of the address.
const form = document.getElementById("fragment");
const answer = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
for (const [name, value] of answer) {
  const field = form.appendChild(document.createElement("input"));
  field.type = "hidden";
  field.name = name;
  field.value = value;
}
if (form.elements.length) form.submit();
else document.getElementById("nothing").hidden = false;
