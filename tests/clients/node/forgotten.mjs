// Asks for a recovery: of a password, or of a locked account.
import { newClient } from './browser_less.mjs';
import { report } from './report.mjs';

await report(async ({ settings, call, request }) => {
  const { status, data, factorResult, factorType, recoveryType } = await newClient(settings)[call](request);
  return { status, stateToken: data.stateToken, factorResult, factorType, recoveryType };
});
