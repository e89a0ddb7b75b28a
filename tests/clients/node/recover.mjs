// Redeems a recovery token, answers the question of whoever has one, and chooses a new password.
import { newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

await report(async ({ settings, recoveryToken, answer, wrongAnswer, newPassword }) => {
  const client = newClient(settings);
  let at = await client.verifyRecoveryToken({ recoveryToken });
  const seen = [at.status];
  const used = await thrown(() => client.verifyRecoveryToken({ recoveryToken }));
  let wrong = null;
  let question = null;
  if (at.status === 'RECOVERY') {
    question = at.user.recovery_question.question;
    wrong = await thrown(() => at.answer({ answer: wrongAnswer }));
    at = await at.answer({ answer });
    seen.push(at.status);
  }
  if (at.status === 'PASSWORD_RESET') {
    at = await at.resetPassword({ newPassword });
    seen.push(at.status);
  }
  return { seen, used, wrong, question, sessionToken: at.sessionToken, recoveryType: at.recoveryType };
});
