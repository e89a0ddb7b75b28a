// A factor set up on the way in, because the sign-in needs one; the code is computed here from the secret shown.
import { createHmac } from 'node:crypto';
import { newClient } from './browser_less.mjs';
import { report, thrown } from './report.mjs';

await report(async ({ settings, user }) => {
  const client = newClient(settings);
  const asked = await client.signInWithCredentials(user);
  const offered = asked.factors.find((factor) => factor.factorType === 'token:software:totp' && factor.provider === 'GOOGLE');
  const shown = await offered.enroll();
  const back = await shown.prev();
  const again = await back.factors.find((factor) => factor.factorType === 'token:software:totp' && factor.provider === 'GOOGLE').enroll();
  const { sharedSecret } = again.factor.activation;
  const wrong = await thrown(() => again.activate({ passCode: wrongCode(sharedSecret) }));
  const done = await again.activate({ passCode: code(sharedSecret, Date.now()) });
  return {
    asked: asked.status,
    shown: shown.status,
    back: back.status,
    secretsDiffer: shown.factor.activation.sharedSecret !== sharedSecret,
    wrong,
    done: { status: done.status, sessionToken: done.sessionToken },
    next: (await client.signInWithCredentials(user)).status,
  };
});

/** RFC 6238 with SHA-1, 30 seconds and six digits. */
function code(secret, at) {
  const bits = [...secret].map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'));
  const key = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** A code that belongs to no moment near now. */
function wrongCode(secret) {
  const right = [-2, -1, 0, 1, 2, 3].map((step) => code(secret, Date.now() + step * 30_000));
  return ['000000', '111111', '222222', '333333', '444444', '555555', '666666'].find((text) => !right.includes(text));
}
