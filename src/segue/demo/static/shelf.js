"use strict";
// A public OpenID Connect client without a library: authorization code with PKCE (RFC 7636), by redirect or by message.
const app = document.getElementById("app").dataset;
const PENDING = "harbor-shelf-pending";
const TIMEOUT_MS = 15000;
let idToken = null;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function newRequest(extra) {
  const pending = { verifier: random(), state: random(), nonce: random() };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const url = new URL(`${app.idp}/oauth2/v1/authorize`);
  url.search = new URLSearchParams({
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    response_type: "code",
    scope: "openid profile email",
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(digest),
    code_challenge_method: "S256",
    ...extra,
  });
  return { pending, url };
}

async function signInByRedirect() {
  const { pending, url } = await newRequest({});
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  location.assign(url);
}

async function signInSilently() {
  const { pending, url } = await newRequest({ prompt: "none", response_mode: "okta_post_message" });
  const frame = document.createElement("iframe");
  frame.hidden = true;
  const answer = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Segue did not answer the hidden frame.")), TIMEOUT_MS);
    window.addEventListener("message", function heard(event) {
      // Only Segue, and only the answer to this request.
      if (event.origin !== app.idp || event.data?.state !== pending.state) return;
      clearTimeout(timer);
      window.removeEventListener("message", heard);
      resolve(event.data);
    });
  });
  frame.src = url;
  document.body.append(frame);
  try {
    await finish(await answer, pending);
  } finally {
    frame.remove();
  }
}

async function finish(answer, pending) {
  if (answer.error) throw new Error(`${answer.error}: ${answer.error_description || "no reason given"}`);
  const response = await fetch(`${app.idp}/oauth2/v1/token`, {
    method: "POST",
    credentials: "omit",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: app.clientId,
      redirect_uri: app.redirectUri,
      code: answer.code,
      code_verifier: pending.verifier,
    }),
  });
  const tokens = await response.json();
  if (!response.ok) throw new Error(`${tokens.error}: ${tokens.error_description || "no reason given"}`);
  show(checked(tokens.id_token, pending.nonce), tokens.id_token);
}

// OpenID Connect Core 3.1.3.7: over TLS from the token endpoint itself, the signature need not be checked again.
function checked(token, nonce) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
  if (claims.iss !== app.idp) throw new Error("The ID token comes from another issuer.");
  if (claims.aud !== app.clientId) throw new Error("The ID token is meant for another client.");
  if (claims.nonce !== nonce) throw new Error("The ID token answers another request.");
  if (claims.exp * 1000 < Date.now()) throw new Error("The ID token has expired.");
  return claims;
}

function show(claims, token) {
  idToken = token;
  document.getElementById("name").textContent = claims.name || claims.preferred_username || claims.sub;
  const table = document.createElement("table");
  table.className = "table small";
  for (const [name, value] of Object.entries(claims)) {
    const row = table.insertRow();
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    head.appendChild(document.createElement("code")).textContent = name;
    const time = ["exp", "iat", "auth_time"].includes(name);
    row.appendChild(document.createElement("td")).textContent = time ? new Date(value * 1000).toLocaleString() : value;
  }
  document.getElementById("claims").replaceChildren(table);
  document.getElementById("welcome").hidden = true;
  document.getElementById("signed-in").hidden = false;
  document.getElementById("sign-out").hidden = false;
}

function signOut() {
  const url = new URL(`${app.idp}/oauth2/v1/logout`);
  url.search = new URLSearchParams({
    id_token_hint: idToken,
    post_logout_redirect_uri: app.postLogoutRedirectUri,
    state: random(),
  });
  location.assign(url);
}

async function comeBack() {
  const params = Object.fromEntries(new URLSearchParams(location.search));
  const pending = JSON.parse(sessionStorage.getItem(PENDING) || "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", "/");
  if (!params.state || params.state !== pending?.state) throw new Error("This answer belongs to no request of this page.");
  await finish(params, pending);
}

function attempt(work) {
  document.getElementById("problem").hidden = true;
  work().catch((error) => {
    document.getElementById("problem-text").textContent = error.message;
    document.getElementById("problem").hidden = false;
  });
}

document.getElementById("welcome").hidden = false;
document.getElementById("redirect").addEventListener("click", () => attempt(signInByRedirect));
document.getElementById("silent").addEventListener("click", () => attempt(signInSilently));
document.getElementById("sign-out").addEventListener("click", signOut);
if (location.pathname === "/callback") attempt(comeBack);
