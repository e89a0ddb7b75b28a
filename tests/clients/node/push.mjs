// A request on the user's own device, asked about until it is answered there.
import { newClient } from './browser_less.mjs';
import { report } from './report.mjs';

await report(async ({ settings, user }) => {
  const asked = await newClient(settings).signInWithCredentials(user);
  const waiting = await asked.factors.find((factor) => factor.factorType === 'push').verify();
  let polls = 0;
  const done = await waiting.poll({ delay: 200, transactionCallBack: () => (polls += 1) });
  return {
    waiting: { status: waiting.status, factorResult: waiting.factorResult },
    polls,
    done: { status: done.status, factorResult: done.factorResult, sessionToken: done.sessionToken },
  };
});
