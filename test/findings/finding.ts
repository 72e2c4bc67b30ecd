import { stripVTControlCharacters } from 'node:util';

/**
 * A test of a known defect. The body states the right value, so today it fails.
 *
 * The test passes only if the body fails with an assertion error of Jest whose message matches. If the body
 * passes, the defect is fixed, and the test fails to say so. If the body fails in any other way, the test
 * fails with that error. So the assertions of the preparation must not match.
 *
 * @param id the finding
 * @param title the right value
 * @param wrong the message of the assertion that fails today, without colours
 */
export function finding(id: string, title: string, wrong: RegExp, body: () => void | Promise<void>): void {
  test(`${id}: ${title}`, () => failsAsFound(id, wrong, body));
}

/** Resolves if the body fails as the finding says. */
export async function failsAsFound(
  id: string,
  wrong: RegExp,
  body: () => void | Promise<void>,
): Promise<void> {
  const error = await failureOf(body);
  if (error === undefined) {
    throw new Error(`finding ${id} is fixed: make this a plain test (replace finding() by test())`);
  }
  if (!isAssertion(error) || !wrong.test(stripVTControlCharacters(error.message))) throw error;
}

async function failureOf(body: () => void | Promise<void>): Promise<unknown> {
  try {
    await body();
    return undefined;
  } catch (error) {
    return error ?? new Error(`the body threw ${error}`);
  }
}

/** Jest attaches the result of the matcher to each error of `expect`. */
function isAssertion(error: unknown): error is Error {
  return error instanceof Error && 'matcherResult' in error;
}
