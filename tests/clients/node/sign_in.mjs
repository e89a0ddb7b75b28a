// Primary authentication.
import { newClient } from './browser_less.mjs';
import { report } from './report.mjs';

await report(async ({ settings, user }) => {
  const { status, sessionToken, user: embedded } = await newClient(settings).signInWithCredentials(user);
  return { status, sessionToken, user: embedded };
});
