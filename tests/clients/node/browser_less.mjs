// What the client leaves to the browser, done by hand: following the authorization request, keeping cookies.
import { OktaAuth } from '@okta/okta-auth-js';

/** What a page keeps in its storage, for one client alone. */
function newStorage() {
  const items = new Map();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => items.set(name, value),
    removeItem: (name) => items.delete(name),
  };
}

/** A client that tells where it would send the browser: `client.sentTo`. */
export function newClient(settings) {
  const sections = ['token', 'cache', 'transaction', 'shared-transaction', 'original-uri', 'idx-response'];
  const client = new OktaAuth({
    ...settings,
    storageManager: Object.fromEntries(sections.map((name) => [name, { storageProvider: newStorage() }])),
    setLocation: (address) => {
      client.sentTo = address;
    },
  });
  client.token.parseFromUrl._getLocation = () => new URL(settings.redirectUri);
  return client;
}

/** Signs in and follows the client's own authorization request with the session token; the answer, not followed. */
export async function authorize(client, user, wishes = {}) {
  const transaction = await client.signInWithCredentials(user);
  return follow(client, { sessionToken: transaction.sessionToken, prompt: 'none', ...wishes });
}

export async function follow(client, wishes) {
  await client.token.getWithRedirect(wishes);
  return fetch(client.sentTo, { redirect: 'manual' });
}

/** The Cookie header a browser would send after `response`. */
export function cookiesOf(response) {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}
