"use strict";
// The custom login page that calls the Authentication API from the browser.
const form = document.getElementById("form");
const codeForm = document.getElementById("code-form");
let pending = null;
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

async function ask(address, body) {
  const response = await fetch(address, {
    method: "POST",
    credentials: "include",
    referrerPolicy: "no-referrer",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

// The factor whose code people type, of those that a transaction offers.
function codeFactor(answer) {
  const offered = answer._embedded?.factors ?? [];
  return answer.status === "MFA_REQUIRED" && offered.find((factor) => factor.factorType === "token:software:totp");
}

async function attempt(address, body) {
  let answer;
  try {
    answer = await ask(address, body);
  } catch {
    complain("Signing in is not possible right now: Segue does not answer.");
    return;
  }
  const factor = codeFactor(answer);
  if (answer.status === "SUCCESS") {
    goOn(answer.sessionToken);
  } else if (factor) {
    pending = { address: factor._links.verify.href, stateToken: answer.stateToken };
    document.getElementById("problem").hidden = true;
    form.hidden = true;
    codeForm.hidden = false;
    codeForm.elements.code.focus();
  } else {
    const texts = JSON.parse(form.dataset.texts);
    const open = `One more step is asked for (${answer.status}), which this page cannot show yet.`;
    complain(answer.errorCode ? texts[answer.errorCode] || answer.errorSummary : open, answer.errorCode, answer.errorId);
  }
}

function goOn(sessionToken) {
  const go = new FormData(form).get("go");
  if (form.dataset.returnTo) {
    leave(form.dataset.returnTo, form.dataset.authorize, sessionToken);
  } else if (go === "library" || go === "ledger") {
    leave(form.dataset[go], "", sessionToken);
  } else {
    // The web app makes the authorization request and sends the browser back here with it.
    sessionStorage.setItem(KEPT, sessionToken);
    location.assign(form.dataset.orders);
  }
}

const kept = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);
if (kept && form.dataset.returnTo) leave(form.dataset.returnTo, form.dataset.authorize, kept);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  attempt(form.dataset.authn, { username: fields.get("username"), password: fields.get("password") });
});
codeForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const code = codeForm.elements.code.value.replaceAll(" ", "");
  attempt(pending.address, { stateToken: pending.stateToken, passCode: code });
});
