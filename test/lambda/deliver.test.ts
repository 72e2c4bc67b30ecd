import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliver } from '../../lambda/deliver';

let server: Server;
let requests: Array<{ method?: string; url?: string; headers: Record<string, unknown>; body: string }>;
let answers: Array<number | 'reset'>;

beforeEach(async () => {
  requests = [];
  answers = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      const answer = answers.shift() ?? 200;
      if (answer === 'reset') request.socket.destroy();
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

test.each([[503], [500], [403], ['reset' as const]])('tries again after %s', async (problem) => {
  answers = [problem, 200];
  await deliver(url(), '{}', noPause);
  expect(requests).toHaveLength(2);
});

test('gives up after three attempts, and does not give the URL away', async () => {
  answers = [503, 'reset', 503];
  const error = await deliver(url(), '{}', noPause).catch((problem: Error) => problem);
  expect(String(error)).toMatch(/could not be reached: HTTP 503/);
  expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain('verysecret');
  expect(requests).toHaveLength(3);
});

test('says so where nobody listens, and does not give the URL away', async () => {
  const gone = url();
  await new Promise((resolve) => server.close(resolve));
  const error = await deliver(gone, '{}', noPause).catch((problem: Error) => problem);
  expect(String(error)).toMatch(/could not be reached: ECONNREFUSED/);
  expect(String(error)).not.toContain('verysecret');
});
