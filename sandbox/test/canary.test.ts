import { Sandbox } from '../sandbox';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.start();
});
afterEach(() => sandbox.close());

test('what reaches the canary is answered, and stands in the journal', async () => {
  const url = sandbox.canary.url('/bucket/key?X-Amz-Signature=1');
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/bucket\/key\?X-Amz-Signature=1$/);
  const { status } = await fetch(url, { method: 'PUT', body: '{"Status":"SUCCESS"}' });
  expect(status).toBe(200);
  await fetch(sandbox.canary.url());
  expect(sandbox.journal.of('stray')).toMatchObject([
    { method: 'PUT', url: '/bucket/key?X-Amz-Signature=1', body: '{"Status":"SUCCESS"}' },
    { method: 'GET', url: '/', body: '' },
  ]);
});

test('a path needs no slash', () => {
  expect(sandbox.canary.url('key')).toBe(sandbox.canary.url('/key'));
});

test('nobody calls it by himself, and it is gone with the sandbox', async () => {
  const url = sandbox.canary.url();
  await sandbox.close();
  expect(sandbox.journal.of('stray')).toEqual([]);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});
