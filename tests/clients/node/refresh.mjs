// Tokens with offline access: renewed, asked about, revoked, in the client's own words.
import { authorize, newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

await report(async ({ settings, user }) => {
  const client = newClient(settings);
  const response = await authorize(client, user);
  const { tokens } = await client.token.parseFromUrl(response.headers.get('location'));
  client.tokenManager.setTokens(tokens);
  const held = () => client.tokenManager.getTokensSync();
  const active = async (kind, token) => (await client.token.introspect(kind, token)).active;
  const userInfo = (token) => client.token.getUserInfo(token, tokens.idToken);

  const renewed = await client.token.renewTokens();
  const first = tokens.refreshToken;
  client.tokenManager.setTokens(renewed);
  const again = await client.token.renewTokens();
  client.tokenManager.setTokens(again);

  const said = await client.token.introspect('accessToken', again.accessToken);
  const before = {
    access: await active('accessToken', again.accessToken),
    refresh: await active('refreshToken', again.refreshToken),
    id: await active('idToken', again.idToken),
    oldest: await active('refreshToken', first),
  };
  await client.revokeAccessToken(again.accessToken);
  const afterAccess = {
    access: await active('accessToken', again.accessToken),
    refresh: await active('refreshToken', again.refreshToken),
    userInfo: await thrown(() => userInfo(again.accessToken)),
  };
  client.tokenManager.setTokens(again);
  const last = await client.token.renewTokens();
  client.tokenManager.setTokens(last);
  await client.revokeRefreshToken(last.refreshToken);
  const afterRefresh = {
    access: await active('accessToken', last.accessToken),
    refresh: await active('refreshToken', last.refreshToken),
  };
  client.tokenManager.setTokens(last);
  const ended = await thrown(() => client.token.renewTokens());
  const heldAfterwards = Object.keys(held());
  client.tokenManager.clear(); // its timers would keep this process alive
  return {
    scopes: tokens.accessToken.scopes,
    generations: [first, renewed.refreshToken, again.refreshToken, last.refreshToken].map((token) => token.refreshToken),
    times: [tokens, renewed, again, last].map(({ idToken }) => idToken.claims.auth_time),
    nonces: [tokens, renewed].map(({ idToken }) => idToken.claims.nonce ?? null),
    said,
    before,
    afterAccess,
    afterRefresh,
    ended,
    heldAfterwards,
  };
});
