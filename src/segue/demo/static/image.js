"use strict";
// Looks at what came of an image that signs a browser in, and posts it where the page wants to know.
const picture = document.getElementById("session-image");
const report = document.getElementById("image-report");

async function signedIn(address) {
  try {
    const response = await fetch(address, { credentials: "include", headers: { accept: "application/json" } });
    return response.ok ? (await response.json()).login : "";
  } catch {
    return "";
  }
}

async function seen() {
  const size = picture.naturalWidth ? `${picture.naturalWidth} x ${picture.naturalHeight}` : "not loaded";
  const shown = document.getElementById("image-size");
  if (shown) shown.textContent = `(${size})`;
  const again = document.getElementById("session-ask");
  if (again) again.click();
  if (!report) return;
  report.elements.size.value = size;
  report.elements.login.value = await signedIn(report.dataset.session);
  report.submit();
}

if (picture.complete) seen();
else for (const name of ["load", "error"]) picture.addEventListener(name, seen, { once: true });
