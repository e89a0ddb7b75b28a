// The peer: an OpenID provider of its own kind, set up by its documented options to do the work that Segue does in the
// same benchmark. What is not needed for that is switched off, nothing is durable, and cookies are not signed.
//
// node server.mjs <port>; says "ready" once it listens. Signing in is a redirect: whom `login_hint` names is signed in.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';

import { Provider } from 'oidc-provider';

import { MapAdapter } from './map_adapter.mjs';

const port = Number(process.argv[2]);
const issuer = `http://localhost:${port}`;
const INTERACTION = '/interaction/';
const PAGE = 'https://app.example.com/callback';
const DAY = 24 * 3600;

function key(alg) {
  const { privateKey } = alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
}

function client(alg) {
  return {
    client_id: `client-${alg}`,
    client_secret: 'a secret of the benchmark, known to all',
    redirect_uris: [PAGE],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: alg,
  };
}

// Access tokens are JWTs for one API, signed by RS256 whatever the client's ID tokens are: two signatures for a code, as
// at Segue.
const resourceIndicators = {
  enabled: true,
  defaultResource: (_, { clientId }) => `urn:api:${clientId}`,
  useGrantedResource: () => true,
  getResourceServerInfo: (_, __, { clientId }) => ({
    audience: `urn:api:${clientId}`,
    scope: 'orders:read',
    accessTokenFormat: 'jwt',
    accessTokenTTL: 3600,
    jwt: { sign: { alg: 'RS256' } },
  }),
};

// What the client may have was settled beforehand: nobody is asked, and the grant is made once for a session.
async function loadExistingGrant({ oidc }) {
  const { client: { clientId }, provider: { Grant }, session } = oidc;
  const known = session.grantIdFor(clientId);
  if (known) return Grant.find(known);
  const grant = new Grant({ clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile email');
  grant.addResourceScope(`urn:api:${clientId}`, 'orders:read');
  await grant.save();
  return grant;
}

const provider = new Provider(issuer, {
  adapter: MapAdapter,
  clients: ['RS256', 'ES256'].map(client),
  jwks: { keys: ['RS256', 'ES256'].map(key) },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Ann Lee', email: id, preferred_username: id }),
  }),
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  conformIdTokenClaims: false,
  loadExistingGrant,
  issueRefreshToken: () => false,
  interactions: { url: (_, { uid }) => `${INTERACTION}${uid}` },
  features: { devInteractions: { enabled: false }, resourceIndicators },
  ttl: { AccessToken: 3600, AuthorizationCode: 300, Grant: DAY, IdToken: 3600, Interaction: 3600, Session: DAY },
});

async function signIn(req, res) {
  const { params } = await provider.interactionDetails(req, res);
  await provider.interactionFinished(req, res, { login: { accountId: params.login_hint } });
}

const answer = provider.callback();
const server = createServer((req, res) => {
  if (!req.url.startsWith(INTERACTION)) return answer(req, res);
  return signIn(req, res).catch((error) => {
    console.error(error);
    res.writeHead(500).end();
  });
});
server.keepAliveTimeout = 300_000;
server.listen(port, '127.0.0.1', () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
