// A sign-in of two steps: the password, then the code of an authenticator app, by the functions the client makes of the
// links it is given.
import { newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

await report(async ({ settings, user, passCode, wrongCode }) => {
  const client = newClient(settings);
  const asked = await client.signInWithCredentials(user);
  const exists = client.tx.exists();
  const resumed = await client.tx.resume();
  const looked = await client.tx.introspect();
  const totp = resumed.factors.find((factor) => factor.factorType === 'token:software:totp');
  const wrong = await thrown(() => totp.verify({ passCode: wrongCode }));
  const done = await totp.verify({ passCode });
  return {
    asked: { status: asked.status, sessionToken: asked.sessionToken, factors: asked.factors.map(({ factorType, provider }) => [factorType, provider]) },
    exists,
    resumed: resumed.status,
    looked: looked.status,
    wrong,
    done: { status: done.status, sessionToken: done.sessionToken, login: done.user.profile.login },
    existsAfterwards: client.tx.exists(),
    resumedAfterwards: await thrown(() => client.tx.resume({ stateToken: asked.data.stateToken })),
    replayed: await replayed(client, user, passCode),
  };
});

/** The same code for a second sign-in. */
async function replayed(client, user, passCode) {
  const again = await client.signInWithCredentials(user);
  const totp = again.factors.find((factor) => factor.factorType === 'token:software:totp');
  const error = await thrown(() => totp.verify({ passCode }));
  await again.cancel();
  return { error, afterCancel: await thrown(() => again.cancel()) };
}
