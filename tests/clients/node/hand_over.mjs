// The client gets and renews the tokens of an application that may hand its sign-in over; the exchange is one form.
import { authorize, newClient } from './browser_less.mjs';
import { report } from './report.mjs';

async function exchange(issuer, clientId, tokens, target) {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: clientId,
    actor_token: tokens.accessToken.accessToken,
    actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: tokens.idToken.idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    requested_token_type: 'urn:okta:params:oauth:token-type:interclient_token',
    audience: `urn:okta:apps:${target}`,
  });
  const base = issuer.includes('/oauth2/') ? issuer : `${issuer}/oauth2`;
  return (await fetch(`${base}/v1/token`, { method: 'POST', body })).json();
}

await report(async ({ settings, user, target }) => {
  const client = newClient(settings);
  const response = await authorize(client, user);
  const { tokens } = await client.token.parseFromUrl(response.headers.get('location'));
  client.tokenManager.setTokens(tokens);
  const renewed = await client.token.renewTokens();
  const first = await exchange(settings.issuer, settings.clientId, tokens, target);
  const second = await exchange(settings.issuer, settings.clientId, renewed, target);
  client.tokenManager.clear(); // its timers would keep this process alive
  return {
    scopes: tokens.accessToken.scopes,
    sessions: [tokens, renewed].map(({ idToken }) => client.token.decode(idToken.idToken).payload.sid),
    first,
    second,
  };
});
