// How these scripts talk to the tests: a task as JSON on standard input, and on standard output what came of it.
import { text } from 'node:stream/consumers';

/** Runs `work(task)` and prints `{answer}`, or `{error}` as the client throws it. */
export async function report(work) {
  const task = JSON.parse(await text(process.stdin));
  let outcome;
  try {
    outcome = { answer: await work(task) };
  } catch (error) {
    outcome = { error: described(error) };
  }
  console.log(JSON.stringify(outcome));
}

/** What `work()` throws, described; `{}` where it throws nothing. */
export async function thrown(work) {
  try {
    await work();
  } catch (error) {
    return described(error);
  }
  return {};
}

function described(error) {
  const { name, message, errorCode, errorSummary, errorId, errorCauses, xhr } = error;
  return { name, message, errorCode, errorSummary, errorId, errorCauses, status: xhr?.status };
}
