// What a browser makes of addresses: for each [text, base] the origin it would go to, "" where it goes nowhere.
import { text } from 'node:stream/consumers';

const pairs = JSON.parse(await text(process.stdin));
const origins = pairs.map(([address, base]) => {
  try {
    return new URL(address, base).origin;
  } catch {
    return '';
  }
});
console.log(JSON.stringify(origins));
