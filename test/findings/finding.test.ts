import { failsAsFound, finding } from './finding';

/* The helper of the other tests here. */

const outcomeOf = (wrong: RegExp, body: () => void | Promise<void>) =>
  failsAsFound('X1', wrong, body).then(
    () => 'passes',
    (error: unknown) => (error as Error).message,
  );

test('a body that fails with the assertion of the finding passes', async () => {
  const expectation = () => expect({ backups: 2 }).toEqual({ backups: 1 });
  expect(await outcomeOf(/"backups": 2/, expectation)).toBe('passes');
  expect(await outcomeOf(/"backups": 2/, async () => expectation())).toBe('passes');
  const rejection = () => expect(Promise.resolve('taken')).rejects.toThrow();
  expect(await outcomeOf(/resolved instead of rejected\nResolved to value: "taken"/, rejection)).toBe(
    'passes',
  );
});

test('colours in the message do not matter', async () => {
  const coloured = () => {
    const error = Object.assign(new Error('Received: \u001b[31m2\u001b[39m'), { matcherResult: {} });
    throw error;
  };
  expect(await outcomeOf(/Received: 2$/, coloured)).toBe('passes');
});

test('a body that passes fails, and says that the finding is fixed', async () => {
  const fixed = 'finding X1 is fixed: make this a plain test (replace finding() by test())';
  expect(await outcomeOf(/./, () => expect(1).toBe(1))).toBe(fixed);
  expect(await outcomeOf(/./, async () => {})).toBe(fixed);
});

test('an assertion that fails with another message is shown', async () => {
  const preparation = () => expect('ROLLBACK_COMPLETE').toBe('CREATE_COMPLETE');
  expect(await outcomeOf(/"backups": 2/, preparation)).toContain('ROLLBACK_COMPLETE');
});

test('an error that is no assertion is shown, even if its message matches', async () => {
  const broken = () => {
    throw new TypeError('"backups": 2');
  };
  expect(await outcomeOf(/"backups": 2/, broken)).toBe('"backups": 2');
  expect(await outcomeOf(/./, () => Promise.reject(undefined))).toBe('the body threw undefined');
  await expect(failsAsFound('X1', /./, () => Promise.reject('no error'))).rejects.toBe('no error');
});

finding('X1', 'the helper registers a test', /Received: false/, () => expect(false).toBe(true));
