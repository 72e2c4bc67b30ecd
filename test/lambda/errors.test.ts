import {
  given,
  InvalidRequest,
  isUnsigned,
  kindOf,
  sayError,
  sentence,
  SourceBusy,
  unless,
  UnusableResponse,
} from '../../lambda/errors';
import { awsError } from '../fixtures/events';

const named = (name: string) => awsError(name, 'why', { $fault: 'client' });
const status = (httpStatusCode: number) =>
  awsError('Odd', 'why', { $fault: 'server', $metadata: { httpStatusCode } });

test.each([
  ['busy', ['BackupInProgress', 'BackupRestoring', 'BackupBeingCopied']],
  ['permission', ['AccessDenied', 'AccessDeniedException', 'KmsAccessDeniedException']],
  ['permission', ['UnauthorizedOperation', 'UnrecognizedClientException', 'InvalidClientTokenId']],
  ['passing', ['ThrottlingException', 'Throttling', 'TooManyRequestsException', 'RequestLimitExceeded']],
  ['passing', ['SlowDown', 'KmsThrottlingException', 'ExecutionLimitExceeded', 'RequestThrottled']],
  ['passing', ['ExpiredToken', 'ExpiredTokenException', 'InvalidSignatureException', 'RequestExpired']],
  ['passing', ['SignatureDoesNotMatch', 'RequestTimeTooSkewed']],
  ['passing', ['InternalServerError', 'AbortError', 'TimeoutError', 'UnknownError', 'Unknown']],
  ['final', ['BadRequest', 'UnsupportedOperation', 'ServiceLimitExceeded', 'FileSystemNotFound']],
  ['final', ['IncompatibleParameterError', 'ValidationException', 'VolumeNotFound', 'TypeError']],
])('%s: %j', (kind, names) => {
  expect(names.map((name) => [name, kindOf(named(name))])).toEqual(names.map((name) => [name, kind]));
});

test.each<[string, unknown, string]>([
  ['HTTP 500', status(500), 'passing'],
  ['HTTP 503', status(503), 'passing'],
  ['HTTP 429', status(429), 'passing'],
  ['HTTP 400', status(400), 'final'],
  ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'passing'],
  ['a name that is not found', Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'passing'],
  ['a response that is not HTTP', Object.assign(new Error('x'), { code: 'HPE_INVALID_CONSTANT' }), 'passing'],
  ['what the SDK would try again', Object.assign(new Error('x'), { $retryable: {} }), 'passing'],
  ['a response that the SDK cannot read', Object.assign(new SyntaxError('x'), { $response: {} }), 'passing'],
  ['an empty response', new UnusableResponse('x'), 'passing'],
  ['a source that is being changed', new SourceBusy('x'), 'busy'],
  ['a request that cannot be used', new InvalidRequest('x'), 'final'],
  ['a mistake of the handler', new TypeError('x'), 'final'],
  ['a text', 'x', 'final'],
  ['nothing', undefined, 'final'],
])('%s', (_, error, kind) => {
  expect(kindOf(error)).toBe(kind);
});

test('credentials and clocks are told from permissions', () => {
  expect(isUnsigned(named('ExpiredToken'))).toBe(true);
  expect(isUnsigned(named('UnrecognizedClientException'))).toBe(true);
  expect(isUnsigned(named('AccessDenied'))).toBe(false);
});

describe('what an error says', () => {
  test('is its name and its message, as a sentence', () => {
    expect(sayError(named('BadRequest'))).toBe('BadRequest: why.');
    expect(sayError(new Error('why.'))).toBe('why.');
  });

  test('has at most 400 characters', () => {
    expect(sayError(new Error('x'.repeat(5000)))).toHaveLength(401);
  });

  test('is said without a message, too', () => {
    expect(sayError('text')).toBe('text.');
    expect(sayError(undefined)).toBe('undefined.');
  });

  test('is not what a proxy says', () => {
    const error = Object.assign(new SyntaxError('<html>secret</html>'), {
      $response: {},
      $metadata: { httpStatusCode: 200 },
    });
    expect(sayError(error)).toBe(
      'A response (HTTP 200) could not be read: it is not one of AWS, or was cut off on the way.',
    );
  });
});

test('a sentence ends with one full stop', () => {
  expect(['a', 'a.', 'a. ', 'a...'].map(sentence)).toEqual(['a.', 'a.', 'a.', 'a.']);
});

test('what is given is told from what is missing', () => {
  expect([given(''), given(0), given([])]).toEqual(['', 0, []]);
  expect(() => given(undefined)).toThrow(/is empty: it is not one of AWS/);
});

describe('a call', () => {
  const failing = (error: unknown) => unless(/^NotFound: .*queue/, () => Promise.reject(error));

  test('gives what it gives', async () => {
    expect(await unless(/^NotFound:/, async () => 7)).toBe(7);
  });

  test('gives nothing after an error that is expected, by its name and its message', async () => {
    expect(await failing(awsError('NotFound', 'no such queue'))).toBeUndefined();
  });

  test.each([
    awsError('NotFound', 'no such topic'),
    awsError('XNotFound', 'no such queue'),
    'text',
    undefined,
  ])('fails after any other: %s', async (error) => {
    await expect(failing(error)).rejects.toBe(error);
  });
});
