import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaWorld } from './lambda-fixture';

let world: LambdaWorld;
beforeEach(() => {
  world = new LambdaWorld();
});
afterEach(() => world.close());

const SDK = `
  const fsx = require('@aws-sdk/client-fsx');
  const start = Date.now();
  const patience = (requestTimeout) => ({ requestTimeout, throwOnRequestTimeout: true });
  const client = new fsx.FSxClient({ maxAttempts: 3, requestHandler: patience(6_000) });
  const at = () => Date.now() - start;`;
const PAGES = `${SDK}
  exports.handler = async ({ pages }) => {
    const seen = [];
    for (let page = 0; page < pages; page++) {
      await client.send(new fsx.DescribeBackupsCommand({}));
      seen.push(at());
    }
    return seen;
  };`;
const CREATE = `${SDK}
  exports.handler = () => client.send(new fsx.CreateBackupCommand({ ClientRequestToken: 'once' })).then(at);`;

const FSX = 'fsx:DescribeBackups';

test('a call takes its virtual time, and the caller sees it pass', async () => {
  const carriedOut = await world.serveFsx((operation) => (operation === FSX ? 300 : 0));
  expect(await world.invoke(world.define('pages', PAGES), { pages: 3 })).toEqual([300, 600, 900]);
  expect(carriedOut.map(([, at]) => at)).toEqual([300, 600, 900]);
  expect(world.journal.calls(FSX).map(({ at, outcome }) => [at - world.start, outcome])).toEqual(
    [300, 600, 900].map((at) => [at, 'ok']),
  );
});

test('calls at the same time take their time together, each its own', async () => {
  await world.serveFsx((operation) => (operation === FSX ? 300 : 1_000));
  const code = `${SDK}
    exports.handler = () => Promise.all(
      [fsx.DescribeBackupsCommand, fsx.CreateBackupCommand, fsx.DescribeBackupsCommand]
        .map((Command) => client.send(new Command({})).then(at)));`;
  expect(await world.invoke(world.define('together', code))).toEqual([300, 1_000, 300]);
});

test('timers of the caller go on while its call takes time', async () => {
  await world.serveFsx(() => 1_000);
  const code = `${SDK}
    exports.handler = async () => {
      const ticks = [];
      const timer = setInterval(() => ticks.push(at()), 400);
      await client.send(new fsx.DescribeBackupsCommand({}));
      clearInterval(timer);
      return ticks;
    };`;
  expect(await world.invoke(world.define('ticks', code))).toEqual([400, 800]);
});

test('a refusal takes its time, too', async () => {
  await world.serveFsx(() => 300);
  world.faults.add(FSX, 1, { kind: 'error', code: 'BadRequest' });
  const arn = world.define('refused', PAGES);
  await expect(world.invoke(arn, { pages: 1 })).rejects.toMatchObject({ name: 'BadRequest' });
  expect(world.clock.now() - world.start).toBe(300);
});

test('a slow call is carried out late, and answered', async () => {
  const carriedOut = await world.serveFsx();
  world.faults.add('fsx:CreateBackup', 1, { kind: 'slow', ms: 5_000 });
  expect(await world.invoke(world.define('create', CREATE))).toBe(5_000);
  expect(carriedOut).toEqual([['CreateBackup', 5_000]]);
  expect(world.journal.calls('fsx:CreateBackup')).toMatchObject([{ outcome: 'ok' }]);
  expect(world.faults.hits).toBe(1);
});

test('a slow call takes the time of every call on top', async () => {
  await world.serveFsx(() => 300);
  world.faults.add(FSX, 1, { kind: 'slow', ms: 5_000 });
  expect(await world.invoke(world.define('pages', PAGES), { pages: 2 })).toEqual([5_300, 5_600]);
});

test('a slow call is carried out although its client has given up and sent it again', async () => {
  const carriedOut = await world.serveFsx();
  world.faults.add('fsx:CreateBackup', 1, { kind: 'slow', ms: 20_000 });
  const arn = world.define('create', CREATE);
  const answered = await world.invoke(arn);
  expect(answered).toBeGreaterThanOrEqual(6_000);
  expect(answered).toBeLessThan(8_000);
  expect(carriedOut).toEqual([['CreateBackup', answered]]);
  await world.pass(20_000);
  expect(carriedOut).toEqual([
    ['CreateBackup', answered],
    ['CreateBackup', 20_000],
  ]);
});

test('a call that is sent again while the first is still under way is told apart from it', async () => {
  const carriedOut = await world.serveFsx();
  world.faults.add('fsx:CreateBackup', { from: 1, to: 2 }, { kind: 'slow', ms: 5_900 });
  const code = `${SDK}
    const impatient = new fsx.FSxClient({ maxAttempts: 1, requestHandler: patience(1_000) });
    exports.handler = async () => {
      const first = client.send(new fsx.CreateBackupCommand({})).then(at);
      await new Promise((wake) => setTimeout(wake, 10));
      const second = impatient.send(new fsx.CreateBackupCommand({})).then(at, (error) => error.name + at());
      return [await second, await first];
    };`;
  expect(await world.invoke(world.define('both', code))).toEqual(['TimeoutError1010', 5_900]);
  await world.pass(1_000);
  expect(carriedOut.map(([, at]) => at)).toEqual([5_900, 5_910]);
});

test('a slow call is carried out after the end of the function that made it', async () => {
  const carriedOut = await world.serveFsx();
  world.faults.add('fsx:CreateBackup', 1, { kind: 'slow', ms: 5_000 });
  const arn = world.define('short', CREATE, { timeoutSeconds: 3 });
  await expect(world.invoke(arn)).rejects.toMatchObject({ name: 'Sandbox.Timedout' });
  await world.pass(5_000);
  expect(carriedOut).toEqual([['CreateBackup', 5_000]]);
});

test('a fetch takes its time, too', async () => {
  await world.serveFsx((operation) => (operation === 'fsx:unknown' ? 700 : 0));
  const code = `
    const start = Date.now();
    exports.handler = async () => {
      const headers = { authorization: 'Credential=' + process.env.AWS_ACCESS_KEY_ID + '/' };
      const request = { method: 'POST', body: '{}', headers };
      return Promise.all([1, 2].map(async () => {
        await (await fetch(process.env.AWS_ENDPOINT_URL_FSX, request)).text();
        return Date.now() - start;
      }));
    };`;
  expect(await world.invoke(world.define('fetcher', code))).toEqual([700, 700]);
});

test('a slow invocation of Lambda begins late', async () => {
  const arn = world.define('late', 'exports.handler = async () => Date.now();');
  world.faults.add('lambda:late', 1, { kind: 'slow', ms: 6 * 60_000 });
  expect(await world.invoke(arn)).toBe(world.start + 6 * 60_000);
});

test('of two requests that hang, the one that goes on is known by its port', async () => {
  const { clock, lambda } = world;
  const server = createServer((request, response) => {
    const goOn = lambda.requestHangs(undefined, request.socket.remotePort);
    if (request.url === '/never') return;
    clock.setTimeout(async () => {
      await goOn();
      setTimeout(() => response.end('answer'), 100); // time must stand still for it
    }, 5_000);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = `
    exports.handler = async ({ url, order }) => {
      const start = Date.now();
      const ticking = setInterval(() => undefined, 100);
      const get = {
        '/late': async () => [await (await fetch(url + '/late')).text(), Date.now() - start],
        '/never': () =>
          fetch(url + '/never', { signal: AbortSignal.timeout(1_000) }).catch((error) => error.name),
      };
      const answers = [];
      for (const path of order) {
        answers.push(get[path]());
        await new Promise((wake) => setTimeout(wake, 10));
      }
      const all = await Promise.all(answers);
      clearInterval(ticking);
      return all;
    };`;
  const arn = world.define('two', code);
  try {
    const order = ['/late', '/never'];
    const expected = [['answer', 5_000], 'TimeoutError'];
    expect(await world.invoke(arn, { url, order })).toEqual(expected);
    const [other, late] = await world.invoke(arn, { url, order: order.reverse() });
    expect([other, late]).toEqual(['TimeoutError', ['answer', 5_010]]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
