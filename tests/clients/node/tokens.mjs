// Session token, authorization code with PKCE, tokens, userinfo. The client verifies the ID token; then it is asked to
// verify others, which it must not accept.
import { authorize, newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

/** `token` with another signature: the first character of it is replaced. */
function resigned(token) {
  const [header, payload, signature] = token.split('.');
  return [header, payload, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.');
}

await report(async ({ settings, user, wishes }) => {
  const client = newClient(settings);
  const response = await authorize(client, user, wishes);
  const { tokens } = await client.token.parseFromUrl(response.headers.get('location'));
  const { idToken, accessToken } = tokens;
  const verify = (token, proofs) => client.token.verify(token, { nonce: idToken.claims.nonce, ...proofs });
  await verify(idToken, { accessToken: accessToken.accessToken });
  return {
    sentTo: client.sentTo,
    status: response.status,
    idClaims: idToken.claims,
    accessClaims: client.token.decode(accessToken.accessToken).payload,
    accessToken: accessToken.accessToken,
    scopes: accessToken.scopes,
    userInfo: await client.token.getUserInfo(accessToken, idToken),
    otherSignature: await thrown(() => verify({ ...idToken, idToken: resigned(idToken.idToken) })),
    otherAccessToken: await thrown(() => verify(idToken, { accessToken: `${accessToken.accessToken}x` })),
    otherNonce: await thrown(() => verify(idToken, { nonce: 'another' })),
  };
});
