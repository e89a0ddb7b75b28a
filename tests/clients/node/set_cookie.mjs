// The address to which the client sends a page for a session cookie, visited as a browser would.
import { cookiesOf, newClient } from './browser_less.mjs';
import { report } from './report.mjs';

await report(async ({ settings, user, redirectUrl }) => {
  const client = newClient(settings);
  const { sessionToken } = await client.signInWithCredentials(user);
  const address = sentTo(() => client.session.setCookieAndRedirect(sessionToken, redirectUrl));
  const first = await fetch(address, { redirect: 'manual' });
  const second = await fetch(address, { redirect: 'manual' });
  const session = await newClient({ ...settings, headers: { Cookie: cookiesOf(first) } }).session.get();
  return {
    address,
    status: first.status,
    location: first.headers.get('location'),
    session,
    again: { status: second.status, location: second.headers.get('location'), cookies: second.headers.getSetCookie() },
  };
});

/** This call alone wants a window; a lasting one would have the client take Node.js for a browser. */
function sentTo(work) {
  let address = null;
  globalThis.window = { location: { assign: (to) => (address = to) } };
  try {
    work();
  } finally {
    delete globalThis.window;
  }
  return address;
}
