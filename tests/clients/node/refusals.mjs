// What may not work twice, or with another's proof.
import { authorize, follow, newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

await report(async ({ settings, user }) => {
  const [client, other] = [newClient(settings), newClient(settings)];
  const { sessionToken } = await client.signInWithCredentials(user);
  const params = await client.token.prepareTokenParams();
  const redeem = (by) => follow(by, { ...params, sessionToken, prompt: 'none' });
  const codeOf = (response) => new URL(response.headers.get('location')).searchParams.get('code');
  const exchange = (authorizationCode, changes) =>
    client.token.exchangeCodeForTokens({ ...params, authorizationCode, ...changes });

  const code = codeOf(await redeem(client));
  const again = await redeem(other);
  const { tokens } = await exchange(code);
  const userInfo = () => client.token.getUserInfo(tokens.accessToken, tokens.idToken);
  const before = await userInfo();
  const usedCode = await thrown(() => exchange(code));

  const another = codeOf(await authorize(client, user));
  return {
    usedSessionToken: await thrown(() => other.token.parseFromUrl(again.headers.get('location'))),
    cookies: again.headers.getSetCookie(),
    userInfo: before.sub,
    usedCode,
    userInfoAfterReuse: await thrown(userInfo),
    otherVerifier: await thrown(() => exchange(another)),
    withoutPassword: await thrown(() => client.signInWithCredentials({ ...user, password: '' })),
  };
});
