// What a browser's parser (WHATWG URL) makes of addresses: the second opinion in test_url.py.
// stdin: JSON array of [text, base or null]; stdout: JSON array of {origin, pathname} or null where the parser refuses.
import { readFileSync } from "node:fs";

const questions = JSON.parse(readFileSync(0, "utf8"));

const answer = ([text, base]) => {
  try {
    const url = base === null ? new URL(text) : new URL(text, base);
    return { origin: url.origin, pathname: url.pathname };
  } catch {
    return null;
  }
};

process.stdout.write(JSON.stringify(questions.map(answer)));
