"use strict";
// Asks Segue, across origins and with its cookie, for the session of this browser.
const session = document.getElementById("session");
const summary = document.getElementById("session-summary");

function distance(until) {
  const minutes = Math.round((until - Date.now()) / 60000);
  return minutes < 90 ? `in ${minutes} minutes` : `in ${Math.round(minutes / 60)} hours`;
}

async function ask() {
  let response;
  let body;
  try {
    response = await fetch(session.dataset.address, { credentials: "include", headers: { accept: "application/json" } });
    body = await response.json();
  } catch {
    summary.textContent = "Segue does not answer.";
    summary.hidden = false;
    return;
  }
  const ends = new Date(body.expiresAt);
  summary.textContent = response.ok
    ? `${body.login} is signed in, by ${body.amr.join(", ")}. The session ends ${distance(ends)} (${ends.toLocaleString()}) unless it is used.`
    : "No session: nobody is signed in at Segue in this browser.";
  summary.className = response.ok ? "note good" : "note";
  summary.hidden = false;
  document.getElementById("session-body").textContent = JSON.stringify(body, null, 2);
  document.getElementById("session-details").hidden = false;
}

const again = document.getElementById("session-ask");
again.hidden = false;
again.addEventListener("click", ask);
ask();
