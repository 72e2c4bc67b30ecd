import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { deliver, readable, responseBody } from '../../lambda/response';
import { STACK_ID } from '../fixtures/events';

const address = { stackId: STACK_ID, requestId: 'request-1', logicalId: 'Backup' };
const bytes = (body: string) => Buffer.byteLength(body);
const failed = (reason: string, logicalId = 'Backup') =>
  responseBody({ ...address, logicalId }, { status: 'FAILED', physicalId: 'none-x', reason });

describe('the response', () => {
  test('of a success carries the attributes and no reason', () => {
    const attributes = { BackupId: 'backup-1' } as any;
    const body = responseBody(address, { status: 'SUCCESS', physicalId: 'backup-1', attributes });
    expect(JSON.parse(body)).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'backup-1',
      StackId: STACK_ID,
      RequestId: 'request-1',
      LogicalResourceId: 'Backup',
      NoEcho: false,
      Data: { BackupId: 'backup-1' },
    });
  });

  test('of a failure carries the reason and no attributes', () => {
    const body = JSON.parse(failed('the quota is used up'));
    expect(body).toMatchObject({ Status: 'FAILED', Reason: 'the quota is used up' });
    expect(body).not.toHaveProperty('Data');
  });

  test('of a failure is never without a reason', () => {
    expect(JSON.parse(failed('\n\t')).Reason).toMatch(/^the reason is unknown: see the log/);
  });

  test('is printable: control characters and line breaks become spaces', () => {
    expect(JSON.parse(failed('one\n  two\u0000\u001b[31mthree')).Reason).toBe('one two [31mthree');
  });

  test('has a reason of at most 1 KB, cut between characters and marked', () => {
    const { Reason } = JSON.parse(failed('\u{1F4BE}'.repeat(2000)));
    expect(bytes(Reason)).toBeLessThanOrEqual(1024);
    expect(Reason).toMatch(/^(\u{1F4BE})+…$/u);
  });

  test('keeps a reason of exactly 1 KB', () => {
    expect(JSON.parse(failed('x'.repeat(1024))).Reason).toHaveLength(1024);
  });

  test('has at most 4096 bytes, whatever the reason', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 6000 }),
        fc.integer({ min: 1, max: 255 }),
        (reason, length) => {
          const body = failed(reason, 'L'.repeat(length));
          expect(bytes(body)).toBeLessThanOrEqual(4096);
          expect(JSON.parse(body).Status).toBe('FAILED');
        },
      ),
    );
  });
});

test('a reason in the console of Step Functions is as printable and as short', () => {
  expect(readable('one\n two')).toBe('one two');
  expect(bytes(readable('é'.repeat(3000)))).toBeLessThanOrEqual(1024);
});

describe('the delivery', () => {
  let server: Server;
  let requests: Array<{ method?: string; url?: string; headers: Record<string, unknown>; body: string }>;
  let answers: Array<number | 'reset' | 'redirect'>;

  beforeEach(async () => {
    requests = [];
    answers = [];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, headers } = request;
        requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        const answer = answers.shift() ?? 200;
        if (answer === 'reset') request.socket.destroy();
        else if (answer === 'redirect') response.writeHead(307, { location: '/elsewhere' }).end();
        else response.writeHead(answer).end('<Error/>');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );

  const noPause = async () => {};
  const url = () =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?X-Amz-Signature=verysecret`;

  test('puts the body, its length in bytes, and an empty content type', async () => {
    await deliver(url(), '{"Reason":"é"}');
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: 'PUT',
      url: '/answer?X-Amz-Signature=verysecret',
      body: '{"Reason":"é"}',
    });
    expect(requests[0].headers['content-length']).toBe('15');
    expect(requests[0].headers['content-type']).toBe('');
  });

  test.each([[503], [500], [403], ['reset' as const]])('is tried again after %s', async (problem) => {
    answers = [problem, 200];
    await deliver(url(), '{}', noPause);
    expect(requests).toHaveLength(2);
  });

  test('follows no redirect', async () => {
    answers = ['redirect', 'redirect', 'redirect'];
    await expect(deliver(url(), '{}', noPause)).rejects.toThrow(/could not be reached/);
    expect(requests.map((request) => request.url)).toEqual(Array(3).fill(expect.stringMatching('^/answer')));
  });

  test('gives up after three attempts, and does not give the URL away', async () => {
    answers = [503, 'reset', 503];
    const error = await deliver(url(), '{}', noPause).catch((problem: Error) => problem);
    expect(String(error)).toMatch(/could not be reached: HTTP 503/);
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain('verysecret');
    expect(requests).toHaveLength(3);
  });

  test('fails if no server listens, and does not give the URL away', async () => {
    const gone = url();
    await new Promise((resolve) => server.close(resolve));
    const error = await deliver(gone, '{}', noPause).catch((problem: Error) => problem);
    expect(String(error)).toMatch(/could not be reached: ECONNREFUSED/);
    expect(String(error)).not.toContain('verysecret');
  });
});
