// A relying party of WS-Federation: where it sends a browser, and what it makes of the answer that comes back.
import wsfed from 'passport-wsfed-saml2';
import { report } from './report.mjs';

await report(
  ({ settings, wctx, answer }) =>
    new Promise((resolve, reject) => {
      const strategy = new wsfed.Strategy(settings, (profile, done) => done(null, profile));
      strategy.success = (profile) => resolve({ profile });
      strategy.redirect = (location) => resolve({ location });
      strategy.fail = (challenge, status) => resolve({ refused: String(challenge?.message ?? challenge), status });
      strategy.error = (error) => (error instanceof Error ? reject(error) : resolve({ refused: String(error) }));
      strategy.authenticate(answer ? { method: 'POST', body: answer } : { method: 'GET' }, { wctx });
    }),
);
