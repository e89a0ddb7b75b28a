// The browser's session over the sessions API. The client sends what cookies the runtime has; Node.js has none, so here
// they are a header that the client is told to send.
import { authorize, cookiesOf, newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

await report(async ({ settings, user }) => {
  const stranger = newClient(settings);
  const response = await authorize(stranger, user);
  const { tokens } = await stranger.token.parseFromUrl(response.headers.get('location'));
  const member = newClient({ ...settings, headers: { Cookie: cookiesOf(response) } });

  const withoutCookie = await stranger.session.get();
  const existsWithoutCookie = await stranger.session.exists();
  const session = await member.session.get();
  const exists = await member.session.exists();
  const refreshed = await member.session.refresh();
  const refreshedByLink = await session.refresh();
  await member.session.close();
  return {
    withoutCookie,
    existsWithoutCookie,
    session,
    exists,
    refreshed,
    refreshedByLink,
    idClaims: tokens.idToken.claims,
    existsAfterClose: await member.session.exists(),
    closedTwice: await thrown(() => member.session.close()),
    closeSession: await stranger.closeSession(),
  };
});
