// Comfort for browsers with scripts; every page works without.
"use strict";

// A list that is searched as you type: the form's own answer, of which only the list is taken.
for (const form of document.querySelectorAll("form[data-live]")) {
  const target = document.getElementById(form.dataset.live);
  let waiting = 0;
  let asked = 0;
  const ask = async () => {
    const turn = ++asked;
    const address = `${form.getAttribute("action") || location.pathname}?${new URLSearchParams(new FormData(form))}`;
    const answer = await fetch(address, { credentials: "same-origin", redirect: "manual" });
    if (turn !== asked) return;
    if (!answer.ok) return form.submit();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(form.dataset.live);
    if (!fresh || !target) return form.submit();
    target.replaceChildren(...fresh.childNodes);
    history.replaceState(null, "", address);
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
}

// On a phone the menu is closed until somebody asks for it.
const fold = document.querySelector("details.fold");
const narrow = window.matchMedia("(max-width: 56rem)");
if (fold) {
  fold.open = !narrow.matches;
  narrow.addEventListener("change", () => { fold.open = !narrow.matches; });
}

// Whoever presses a button twice means it once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
