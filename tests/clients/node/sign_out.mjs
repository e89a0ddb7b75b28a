// The address the client sends the browser to for signing out.
import { authorize, cookiesOf, newClient } from './browser_less.mjs';
import { report } from './report.mjs';

await report(async ({ settings, user, postLogoutRedirectUri }) => {
  const client = newClient(settings);
  const response = await authorize(client, user);
  const { tokens } = await client.token.parseFromUrl(response.headers.get('location'));
  const Cookie = cookiesOf(response);
  const member = newClient({ ...settings, headers: { Cookie } });
  const before = await member.session.exists();
  const address = client.getSignOutRedirectUrl({ idToken: tokens.idToken, postLogoutRedirectUri, state: 'st/ate' });
  const answer = await fetch(address, { redirect: 'manual', headers: { Cookie } });
  return {
    before,
    status: answer.status,
    location: answer.headers.get('location'),
    after: await member.session.exists(),
  };
});
