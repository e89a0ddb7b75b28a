"use strict";
// The custom login page that calls the Authentication API from the browser.
const form = document.getElementById("form");
const KEPT = "harbor-session-token";

function leave(address, authorize, token) {
  const url = new URL(address);
  if (authorize) url.searchParams.set("prompt", "none");
  url.searchParams.set("sessionToken", token);
  location.replace(url);
}

function complain(text, code, eventId) {
  document.getElementById("problem-text").textContent = text;
  document.getElementById("problem-event").hidden = !eventId;
  document.getElementById("event-id").textContent = eventId || "";
  document.getElementById("problem-code").textContent = code || "";
  const command = document.getElementById("problem-explain");
  command.textContent = eventId ? `${command.dataset.command} ${eventId}` : "";
  document.getElementById("problem").hidden = false;
}

async function signIn() {
  const fields = new FormData(form);
  let answer;
  try {
    const response = await fetch(form.dataset.authn, {
      method: "POST",
      credentials: "include",
      referrerPolicy: "no-referrer",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ username: fields.get("username"), password: fields.get("password") }),
    });
    answer = await response.json();
  } catch {
    complain("Signing in is not possible right now: Segue does not answer.");
    return;
  }
  if (answer.status !== "SUCCESS") {
    const texts = JSON.parse(form.dataset.texts);
    const open = `One more step is asked for (${answer.status}), which this page cannot show yet.`;
    complain(answer.errorCode ? texts[answer.errorCode] || answer.errorSummary : open, answer.errorCode, answer.errorId);
    return;
  }
  if (form.dataset.returnTo) {
    leave(form.dataset.returnTo, form.dataset.authorize, answer.sessionToken);
  } else if (fields.get("go") === "library") {
    leave(form.dataset.library, "", answer.sessionToken);
  } else {
    // The web app makes the authorization request and sends the browser back here with it.
    sessionStorage.setItem(KEPT, answer.sessionToken);
    location.assign(form.dataset.orders);
  }
}

const kept = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);
if (kept && form.dataset.returnTo) leave(form.dataset.returnTo, form.dataset.authorize, kept);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn();
});
