import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VirtualClock } from '../clock';
import { AwsError, listen } from '../endpoint';
import { FaultPlan } from '../faults';
import type { AuthorizationRequest } from '../iam';
import { Journal } from '../journal';
import { VacantProcesses } from '../lambda/container';
import { FunctionError, type LambdaFunction, LambdaRuntime } from '../lambda/runtime';

const ROLE = 'arn:aws:iam::123456789012:role/Function';
const MINUTE = 60_000;

let clock: VirtualClock;
let journal: Journal;
let faults: FaultPlan;
let lambda: LambdaRuntime;
let root: string;
const closing: Array<() => Promise<unknown>> = [];

beforeEach(() => {
  clock = new VirtualClock();
  journal = new Journal(clock);
  faults = new FaultPlan();
  lambda = new LambdaRuntime({ clock, journal, faults });
  root = mkdtempSync(join(tmpdir(), 'lambda-'));
});

afterEach(async () => {
  await lambda.close();
  await Promise.all(closing.splice(0).map((close) => close()));
  rmSync(root, { recursive: true });
});

/** Define a function with this code; returns its ARN. */
function define(name: string, code: string, options: Partial<LambdaFunction> = {}): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'index.js'), code);
  const arn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
  lambda.create({
    arn,
    name,
    directory,
    handler: 'index.handler',
    timeoutSeconds: 900,
    memoryMegabytes: 128,
    roleArn: ROLE,
    environment: {},
    ...options,
  });
  return arn;
}

const invoke = (arn: string, payload: unknown = {}) => clock.run(lambda.invoke(arn, payload));
const failure = (arn: string, payload: unknown = {}): Promise<FunctionError> =>
  invoke(arn, payload).then(
    (output) => {
      throw new Error(`did not fail, but returned ${JSON.stringify(output)}`);
    },
    (error) => error,
  );
const elapsed = async (promise: Promise<unknown>) => {
  const start = clock.now();
  await clock.run(promise).catch(() => undefined);
  return clock.now() - start;
};

/** FSx on loopback, with a handler that calls it through the SDK. */
async function serveFsx(calls: string[] = []) {
  const handle = async (call: { operation: string }) => {
    calls.push(call.operation);
    // in real time, so that a child which does not wait for answers is found out
    await new Promise((answer) => setTimeout(answer, 20));
    return { Backups: [] };
  };
  const context = {
    journal,
    faults,
    principalOf: (id: string) => lambda.principalOf(id),
    afterCall: (operation: string, id: string) => lambda.crashIfDue(operation, id),
    onHang: (id: string) => lambda.requestHangs(id),
  };
  const endpoint = await listen({ service: 'fsx', protocol: 'json-1.1', handle }, context);
  closing.push(endpoint.close);
  lambda.environment.AWS_ENDPOINT_URL_FSX = endpoint.url;
  return endpoint;
}

const FSX_CALLER = {
  code: `
    const { DescribeBackupsCommand, FSxClient } = require('@aws-sdk/client-fsx');
    const client = new FSxClient({ requestHandler: { requestTimeout: 20_000, throwOnRequestTimeout: true } });
    exports.handler = async () => {
      const { Backups } = await client.send(new DescribeBackupsCommand({}));
      return { backups: Backups.length, now: Date.now() };
    };`,
  options: { environment: { NODE_PATH: resolve('node_modules') } },
};

describe('a synchronous invocation', () => {
  test('returns what the handler returned', async () => {
    const arn = define('echo', 'exports.handler = async (event) => ({ got: event });');
    expect(await invoke(arn, { a: [1, null] })).toEqual({ got: { a: [1, null] } });
    expect(journal.of('invocation')).toMatchObject([
      { functionName: 'echo', input: { a: [1, null] }, output: { got: { a: [1, null] } } },
    ]);
  });

  test('returns null for a handler that returns nothing', async () => {
    expect(await invoke(define('quiet', 'exports.handler = async () => {};'))).toBeNull();
  });

  test("runs on the Node.js of the Lambda runtime, with its environment, not the caller's", async () => {
    const code =
      'exports.handler = async () => ({ version: process.version, env: process.env, zone: new ' +
      'Date(0).getHours() });';
    const arn = define('env', code, { environment: { STAGE: 'test' } });
    const { version, env, zone } = await invoke(arn);
    expect(version).toMatch(/^v24\./);
    expect(zone).toBe(0);
    expect(env).toMatchObject({
      STAGE: 'test',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'env',
      _HANDLER: 'index.handler',
    });
    expect(lambda.principalOf(env.AWS_ACCESS_KEY_ID)).toBe(ROLE);
    expect(Object.keys(env)).not.toContain('PATH');
    expect(env.HOME).not.toBe(process.env.HOME);
  });

  test('hands over the context object', async () => {
    const arn = define(
      'context',
      `exports.handler = async (event, context) => {
      const before = context.getRemainingTimeInMillis();
      await new Promise((done) => setTimeout(done, 4000));
      return { ...context, before, after: context.getRemainingTimeInMillis() };
    };`,
      { timeoutSeconds: 30 },
    );
    expect(await clock.run(lambda.invoke(arn, {}, { requestId: 'the-request' }))).toMatchObject({
      awsRequestId: 'the-request',
      invokedFunctionArn: arn,
      functionName: 'context',
      memoryLimitInMB: '128',
      before: 30_000,
      after: 26_000,
    });
  });

  test('is refused for a function that does not exist', async () => {
    const unknown = invoke('arn:aws:lambda:us-east-1:123456789012:function:unknown');
    await expect(unknown).rejects.toMatchObject({ code: 'ResourceNotFoundException', status: 404 });
  });
});

describe('the log', () => {
  const SPEAKER = 'exports.handler = async () => console.log("hello");';
  const GROUP = 'arn:aws:logs:us-east-1:123456789012:log-group:own:log-stream:[$LATEST]';

  test('is written with the permissions of the function, and without them it is lost', async () => {
    const asked: AuthorizationRequest[] = [];
    let denied: string | undefined = 'logs:PutLogEvents';
    const authorize = async (request: AuthorizationRequest) => {
      asked.push(request);
      if (request.action === denied) throw new AwsError('AccessDeniedException', 'no');
    };
    lambda = new LambdaRuntime({ clock, journal, faults, authorizer: { authorize } });
    const arn = define('speaker', SPEAKER, { logGroup: 'own' });
    await invoke(arn);
    expect(journal.of('log')).toEqual([]);
    expect(asked).toEqual(
      ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({
        principal: ROLE,
        action,
        resource: GROUP,
      })),
    );
    denied = undefined;
    await invoke(arn);
    expect(journal.of('log').map(({ line }) => line)).toEqual(['hello']);
  });
});

describe('containers', () => {
  const COUNTER = `let count = 0;
    exports.handler = async (event) => {
      await new Promise((done) => setTimeout(done, event.ms));
      return ++count;
    };`;

  test('are reused while they are warm', async () => {
    const arn = define('counter', COUNTER);
    const counts = [];
    for (let i = 0; i < 20; i++) counts.push(await invoke(arn, { ms: 0 }));
    expect(counts).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('serve one invocation at a time, so that concurrent ones get one each', async () => {
    const arn = define('counter', COUNTER);
    expect(
      await clock.run(Promise.all([lambda.invoke(arn, { ms: 1000 }), lambda.invoke(arn, { ms: 2000 })])),
    ).toEqual([1, 1]);
  });

  test('fail loudly where the code is gone', async () => {
    const arn = define('gone', COUNTER);
    rmSync(join(root, 'gone'), { recursive: true });
    await expect(invoke(arn)).rejects.toThrow(`the code of gone is no longer in ${join(root, 'gone')}`);
  });

  test('are new after the code was replaced', async () => {
    await invoke(define('versioned', 'exports.handler = async () => 1;'));
    expect(await invoke(define('versioned', 'exports.handler = async () => 2;'))).toBe(2);
  });

  describe('of a function that is gone', () => {
    const CODE = `let count = 0;
      exports.handler = async ({ leave, url }) => {
        if (leave) setTimeout(() => console.log('left over'), 1000);
        if (url) fetch(url).catch(() => {});
        const { AWS_LAMBDA_FUNCTION_NAME: name, AWS_ACCESS_KEY_ID: key } = process.env;
        return { pid: process.pid, count: ++count, name, key, now: Date.now() };
      };`;
    const functionNamed = (name: string, options: Partial<LambdaFunction> = {}) => {
      define('code', CODE, options);
      const arn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
      lambda.create({
        arn,
        name,
        directory: join(root, 'code'),
        handler: 'index.handler',
        timeoutSeconds: 30,
        memoryMegabytes: 128,
        roleArn: `${ROLE}-${name}`,
        environment: {},
        ...options,
      });
      return arn;
    };
    const first = async (event: object) => {
      const arn = functionNamed('first');
      const result = await invoke(arn, event);
      lambda.remove(arn);
      return result;
    };

    test('lend their process to another function of the same code, which finds none of theirs', async () => {
      const before = await first({ leave: true });
      await clock.run(clock.sleep(MINUTE));
      const after = await invoke(functionNamed('second'));
      expect(after).toMatchObject({ pid: before.pid, count: 1, name: 'second', now: clock.now() });
      await clock.run(clock.sleep(MINUTE));
      await invoke('arn:aws:lambda:us-east-1:123456789012:function:second');
      expect(journal.of('log')).toEqual([]);
      expect([before, after].map(({ key }) => lambda.principalOf(key))).toEqual([
        `${ROLE}-first`,
        `${ROLE}-second`,
      ]);
    });

    test.each<[string, Partial<LambdaFunction>]>([
      ['more memory', { memoryMegabytes: 256 }],
      [
        'an environment that Node.js reads when it starts',
        { environment: { NODE_OPTIONS: '--no-warnings' } },
      ],
    ])('keep it from a function with %s', async (_, options) => {
      const { pid } = await first({});
      expect((await invoke(functionNamed('second', options))).pid).not.toBe(pid);
    });

    test('end with it when something still goes on in there', async () => {
      const endpoint = await serveFsx();
      const { pid } = await first({ url: endpoint.url });
      expect((await invoke(functionNamed('second'))).pid).not.toBe(pid);
    });
  });

  describe('of a sandbox that is closed', () => {
    const CODE = `let count = 0;
      exports.handler = async ({ url }) => {
        if (url) fetch(url).catch(() => {});
        console.log('called');
        const directory = process.cwd();
        return { pid: process.pid, count: ++count, directory, secret: process.env.SECRET, now: Date.now() };
      };`;
    let processes: VacantProcesses;
    const another = () => {
      clock = new VirtualClock();
      journal = new Journal(clock);
      lambda = new LambdaRuntime({ clock, journal, faults }, processes);
    };
    const first = async (event: object) => {
      another();
      await clock.run(clock.sleep(1000 * MINUTE));
      const result = await invoke(define('first', CODE, { environment: { SECRET: 'first' } }), event);
      await lambda.close();
      another();
      return result;
    };

    beforeEach(() => {
      processes = new VacantProcesses();
      closing.push(() => processes.close());
    });

    test('lend their process to the next sandbox, which begins at zero and knows nothing', async () => {
      const { pid } = await first({});
      expect(await invoke(define('second', CODE))).toEqual({
        pid,
        count: 1,
        directory: join(root, 'second'),
        now: clock.now(),
      });
      expect(journal.of('log')).toHaveLength(1);
    });

    test('lend it to one function at a time', async () => {
      const { pid } = await first({});
      const arns = [define('second', CODE), define('third', CODE)];
      const pids = await clock
        .run(Promise.all(arns.map((arn) => lambda.invoke(arn, {}))))
        .then((results) => results.map((result) => result.pid));
      expect(pids).toContain(pid);
      expect(new Set(pids).size).toBe(2);
    });

    test('end where something still goes on in there', async () => {
      const endpoint = await serveFsx();
      const { pid } = await first({ url: endpoint.url });
      expect((await invoke(define('second', CODE))).pid).not.toBe(pid);
    });

    test('answer first, if they can without time passing', async () => {
      another();
      const begun = lambda.invoke(define('first', CODE), {});
      await new Promise(setImmediate); // it has been started, and has not answered
      await lambda.close();
      const { pid } = await begun;
      another();
      expect((await invoke(define('second', CODE))).pid).toBe(pid);
    });

    test('end where they wait for time to pass', async () => {
      another();
      const begun = lambda.invoke(
        define('first', 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 60_000));'),
        {},
      );
      await new Promise(setImmediate);
      await lambda.close();
      await expect(begun).rejects.toThrow('signal: killed');
    });

    test('end with those who share them', async () => {
      const { pid } = await first({});
      await processes.close();
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    });
  });

  test('are new after Lambda has let them go, with other credentials', async () => {
    const arn = define(
      'recycled',
      'const key = process.env.AWS_ACCESS_KEY_ID; let nth = 0; exports.handler = async () => [key, ++nth];',
    );
    const [[first], again] = [await invoke(arn), await invoke(arn)];
    expect(again).toEqual([first, 2]);
    lambda.recycle(arn);
    const [other, nth] = await invoke(arn);
    expect([other === first, nth, lambda.principalOf(first), lambda.principalOf(other)]).toEqual([
      false,
      1,
      ROLE,
      ROLE,
    ]);
  });

  test('are frozen between invocations: timers left over fire in the next one', async () => {
    const arn = define(
      'late',
      `const fired = [];
      exports.handler = async (event) => {
        if (event.plant) setTimeout(() => fired.push(Date.now()), 1000);
        return fired;
      };`,
      { timeoutSeconds: 30 },
    );
    await invoke(arn, { plant: true });
    await clock.run(clock.sleep(MINUTE));
    expect(await invoke(arn)).toHaveLength(1);
  });
});

describe('virtual time', () => {
  test('passes for a handler that sleeps, at no cost', async () => {
    const arn = define(
      'sleeper',
      `exports.handler = async () => {
      const start = Date.now();
      await new Promise((done) => setTimeout(done, 10 * ${MINUTE}));
      return Date.now() - start;
    };`,
    );
    const start = clock.now();
    expect(await invoke(arn)).toBe(10 * MINUTE);
    expect(clock.now() - start).toBe(10 * MINUTE);
    expect(journal.of('invocation')[0].milliseconds).toBe(10 * MINUTE);
  });

  test('is the same for all: two handlers and the sandbox see events in the same order', async () => {
    const arn = define(
      'ticker',
      `exports.handler = async ({ name, every }) => {
      for (let i = 0; i < 3; i++) {
        await new Promise((done) => setTimeout(done, every));
        console.log(name, Date.now());
      }
    };`,
    );
    const start = clock.now();
    await clock.run(
      Promise.all([
        lambda.invoke(arn, { name: 'a', every: 1000 }),
        lambda.invoke(arn, { name: 'b', every: 1500 }),
      ]),
    );
    const lines = journal
      .of('log')
      .map(({ line, at }) => [line.split(' ')[0], Number(line.split(' ')[1]) - start, at - start]);
    expect(lines.map(([name, seen]) => `${name} ${seen}`).sort()).toEqual([
      'a 1000',
      'a 2000',
      'a 3000',
      'b 1500',
      'b 3000',
      'b 4500',
    ]);
    expect(lines.every(([, seen, at]) => seen === at)).toBe(true);
  });

  test('stands still while the handler does real work', async () => {
    const arn = define(
      'worker',
      `
      exports.handler = async () => {
        const timer = setTimeout(() => {}, 5000);
        for (let i = 0; i < 20; i++) await require('node:fs/promises').readFile(__filename);
        clearTimeout(timer);
      };`,
    );
    expect(await elapsed(lambda.invoke(arn, {}))).toBe(0);
  });

  test('serves intervals, timers/promises, AbortSignal.timeout and process.hrtime', async () => {
    const arn = define(
      'timers',
      `const { setTimeout: sleep } = require('node:timers/promises');
      exports.handler = async () => {
        const start = process.hrtime.bigint();
        await sleep(1000);
        await new Promise((done) => {
          let n = 0;
          const id = setInterval(() => { if (++n === 3) { clearInterval(id); done(); } }, 1000);
        });
        const signal = AbortSignal.timeout(6000);
        await new Promise((done) => signal.addEventListener('abort', done));
        return { seconds: Number(process.hrtime.bigint() - start) / 1e9, reason: signal.reason.name };
      };`,
    );
    expect(await invoke(arn)).toEqual({ seconds: 10, reason: 'TimeoutError' });
  });

  test('stands still for a request until its answer is read', async () => {
    const server = createServer((_, response) =>
      setTimeout(() => {
        response.write('slow ');
        setTimeout(() => response.end('answer'), 30);
      }, 30),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    closing.push(async () => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const arn = define(
      'caller',
      `const get = (url) => new Promise((done) => require('node:http').get(url, async (response) => {
        let text = ''; for await (const chunk of response) text += chunk; done(text);
      }));
      exports.handler = async ({ url }) => {
        const timer = setTimeout(() => {}, 500);
        const answers = [await get(url), await (await fetch(url)).text()];
        clearTimeout(timer);
        return answers;
      };`,
    );
    const start = clock.now();
    expect(await invoke(arn, { url })).toEqual(['slow answer', 'slow answer']);
    expect(clock.now()).toBe(start);
  });

  test('passes for the SDK: time-outs of requests that hang, and the back-off between attempts', async () => {
    await serveFsx();
    faults.add('fsx:DescribeBackups', { from: 1, to: 2 }, { kind: 'hang' });
    const arn = define('sdk', FSX_CALLER.code, FSX_CALLER.options);
    const start = clock.now();
    expect(await invoke(arn)).toEqual({ backups: 0, now: clock.now() });
    expect(journal.calls('fsx:DescribeBackups').map((call) => [call.outcome, call.at - start])).toEqual([
      ['fault', 0],
      ['fault', expect.any(Number)],
      ['ok', expect.any(Number)],
    ]);
    expect(clock.now() - start).toBeGreaterThanOrEqual(40_000);
    expect(clock.now() - start).toBeLessThan(41_000);
  });

  test('goes on for a fetch that hangs', async () => {
    const endpoint = await serveFsx();
    faults.add('fsx:unknown', 1, { kind: 'hang' });
    const arn = define(
      'fetcher',
      `exports.handler = ({ url }) => {
      const headers = { authorization: 'Credential=' + process.env.AWS_ACCESS_KEY_ID + '/' };
      const request = fetch(url, { method: 'POST', body: '{}', headers, signal: AbortSignal.timeout(5000) });
      return request.then(() => 'answered', (error) => error.name);
    };`,
    );
    const start = clock.now();
    expect(await invoke(arn, { url: endpoint.url })).toBe('TimeoutError');
    expect(clock.now() - start).toBe(5000);
    expect(await invoke(arn, { url: endpoint.url })).toBe('answered');
    expect(clock.now() - start).toBe(5000);
  });
});

describe('a request that is answered late', () => {
  /** A server that answers after this much virtual time, in the middle of its body. */
  async function serveLate(milliseconds: number): Promise<string> {
    const server = createServer((_, response) => {
      response.write('late ');
      const goOn = lambda.requestHangs();
      clock.setTimeout(() => {
        void goOn();
        response.end('answer');
      }, milliseconds);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    closing.push(
      async () => server.close(),
      async () => server.closeAllConnections(),
    );
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    [
      'http',
      '({ url, signal }) => new Promise((done, fail) => require("node:http").get(url, { signal }, async ' +
        '(response) => { let text = ""; try { for await (const chunk of response) text += chunk; ' +
        'done(text); } catch (error) { fail(error); } }).on("error", fail))',
    ],
    ['fetch', '({ url, signal }) => fetch(url, { signal }).then((response) => response.text())'],
  ])('takes its virtual time, again and again, unless the function gives up (%s)', async (_, get) => {
    const arn = define(
      'patient',
      `const get = ${get};
      exports.handler = async ({ url, times, patience }) => {
        const answers = [];
        for (let i = 0; i < times; i++) {
          const controller = new AbortController();
          const timer = setTimeout(() => controller.abort(), patience);
          const answer = await get({ url, signal: controller.signal }).catch((error) => error.name);
          answers.push([answer, Date.now()]);
          clearTimeout(timer);
        }
        return answers;
      };`,
    );
    const start = clock.now();
    const url = await serveLate(5_000);
    expect(await invoke(arn, { url, times: 3, patience: 6_000 })).toEqual(
      [1, 2, 3].map((nth) => ['late answer', start + nth * 5_000]),
    );
    const again = clock.now();
    expect(await invoke(arn, { url: await serveLate(60_000), times: 2, patience: 4_000 })).toEqual(
      [1, 2].map((nth) => ['AbortError', again + nth * 4_000]),
    );
    expect(clock.now()).toBe(again + 8_000);
  });

  test('is not taken for that of another container', async () => {
    const arn = define(
      'later',
      `exports.handler = async ({ url, after }) => {
      await new Promise((wake) => setTimeout(wake, after));
      return [await (await fetch(url)).text(), Date.now()];
    };`,
    );
    const [start, url] = [clock.now(), await serveLate(5_000)];
    const answers = await Promise.all([0, 3_000, 4_000].map((after) => invoke(arn, { url, after })));
    expect(answers).toEqual([5_000, 8_000, 9_000].map((after) => ['late answer', start + after]));
  });
});

describe('a function that fails', () => {
  test('is reported with the name, message and trace of the error', async () => {
    const error = await failure(
      define('thrower', 'exports.handler = async () => { throw new RangeError("too far"); };'),
    );
    expect(error).toBeInstanceOf(FunctionError);
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'too far',
      payload: { errorType: 'RangeError', errorMessage: 'too far' },
    });
    expect(error.payload.trace!.join()).toContain('index.js');
    expect(journal.of('invocation')[0].error).toBe('RangeError: too far');
  });

  test('times out in virtual time, and starts afresh', async () => {
    const arn = define(
      'slow',
      `let warm = false;
      exports.handler = async () => {
        if (warm) return 'reused';
        warm = true;
        await new Promise((done) => setTimeout(done, 60000));
      };`,
      { timeoutSeconds: 3 },
    );
    const start = clock.now();
    const message = expect.stringMatching(/Task timed out after 3\.00 seconds$/);
    expect(await failure(arn)).toMatchObject({ name: 'Sandbox.Timedout', message });
    expect(clock.now() - start).toBe(3000);
    expect(await failure(arn)).toMatchObject({ name: 'Sandbox.Timedout' });
  });

  test('times out when it waits for nothing', async () => {
    const arn = define('stuck', 'exports.handler = () => new Promise(() => {});', { timeoutSeconds: 3 });
    expect(await failure(arn)).toMatchObject({ name: 'Sandbox.Timedout' });
  });

  test('is reported as exited when its process ends, and what it logged is kept', async () => {
    const arn = define(
      'exiting',
      'exports.handler = async ({ code }) => { console.log("last words"); process.exit(code); };',
    );
    expect(await failure(arn, { code: 3 })).toMatchObject({
      name: 'Runtime.ExitError',
      message: expect.stringMatching(/exit status 3$/),
    });
    expect(await failure(arn, { code: 0 })).toMatchObject({
      message: expect.stringMatching(/exited without providing a reason$/),
    });
    expect(journal.of('log').map((entry) => entry.line)).toEqual(['last words', 'last words']);
  });

  test('is killed when it runs out of the memory it was given', async () => {
    const arn = define(
      'greedy',
      `exports.handler = async () => {
      for (const all = []; ;) all.push(new Array(1e5).fill(Math.random()));
    };`,
    );
    expect(await failure(arn)).toMatchObject({
      name: 'Runtime.ExitError',
      message: expect.stringMatching(/signal: killed$/),
    });
  }, 30_000);

  test.each([
    [
      'a rejection that nobody handles',
      'exports.handler = () => { Promise.reject(new Error("lost")); return new Promise(() => {}); };',
      'Runtime.UnhandledPromiseRejection',
      'lost',
    ],
    [
      'an exception in a timer',
      'exports.handler = () => new Promise(() => setTimeout(() => { throw new TypeError("late"); }, 1));',
      'TypeError',
      'late',
    ],
    [
      'a module that is not there',
      'require("no-module"); exports.handler = async () => 1;',
      'Runtime.ImportModuleError',
      'no-module',
    ],
    ['a syntax error', 'exports.handler = async () => {', 'Runtime.UserCodeSyntaxError', ''],
    [
      'a handler that is not exported',
      'exports.handle = async () => 1;',
      'Runtime.HandlerNotFound',
      'index.handler',
    ],
    [
      'a callback-based handler',
      'exports.handler = (event, context, done) => done(null, 1);',
      'Runtime.CallbackHandlerDeprecated',
      '',
    ],
  ])('tells of %s', async (_, code, name, message) => {
    expect(await failure(define('broken', code))).toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
  });
});

test('a container that an error ended is not used again', async () => {
  const arn = define(
    'broken',
    `let broken = false;
    exports.handler = () => {
      if (broken) return 'reused';
      broken = true;
      Promise.reject(new Error('lost'));
      return new Promise(() => {});
    };`,
  );
  await failure(arn);
  expect(await failure(arn)).toMatchObject({ name: 'Runtime.UnhandledPromiseRejection' });
});

describe('the fault plan', () => {
  test.each([
    ['throttles', { kind: 'throttle' }, 'TooManyRequestsException', 0],
    ['breaks Lambda', { kind: 'server-error' }, 'ServiceException', 0],
    [
      'refuses with a chosen error',
      { kind: 'error', code: 'KMSAccessDeniedException' },
      'KMSAccessDeniedException',
      0,
    ],
    [
      'loses the response of an invocation that was carried out',
      { kind: 'lost-response' },
      'SdkClientException',
      1,
    ],
  ] as const)('%s', async (_, fault, code, invocations) => {
    faults.add('lambda:victim', 1, fault);
    const arn = define('victim', 'exports.handler = async () => 1;');
    const error = await failure(arn);
    expect(error).toBeInstanceOf(AwsError);
    expect(error).toMatchObject({ code });
    expect(journal.of('invocation')).toHaveLength(invocations);
    expect(await invoke(arn)).toBe(1);
  });

  test('crashes a container after the nth call of an operation, which is carried out', async () => {
    const calls: string[] = [];
    await serveFsx(calls);
    const arn = define(
      'crashing',
      FSX_CALLER.code.replace('exports.handler', 'exports.once').concat(`
      exports.handler = async () => { await exports.once(); return exports.once(); };`),
      FSX_CALLER.options,
    );
    lambda.crashAfter('fsx:DescribeBackups', 2);
    expect(await failure(arn)).toMatchObject({
      name: 'Runtime.ExitError',
      message: expect.stringMatching(/signal: killed$/),
    });
    expect(calls).toHaveLength(2);
    expect(await invoke(arn)).toMatchObject({ backups: 0 });
  });
});

test('of two invocations with one role, the one that makes the call crashes', async () => {
  await serveFsx();
  const role = { roleArn: 'arn:aws:iam::123456789012:role/both' };
  const busy = define(
    'busy-first',
    'exports.handler = () => new Promise((end) => setTimeout(end, 60_000, 1));',
    role,
  );
  const caller = define('caller', FSX_CALLER.code, { ...FSX_CALLER.options, ...role });
  lambda.crashAfter('fsx:DescribeBackups');
  const first = lambda.invoke(busy, {});
  const second = lambda.invoke(caller, {}).catch((error) => error);
  expect(await clock.run(Promise.all([first, second]))).toMatchObject([1, { name: 'Runtime.ExitError' }]);
});

describe('an asynchronous invocation', () => {
  const attempts = (start: number) => journal.of('invocation').map((entry) => entry.at - start);

  test('is tried twice more after an error, one and two minutes later, with the request id', async () => {
    const arn = define('failing', 'exports.handler = async () => { throw new Error("no"); };');
    const start = clock.now();
    lambda.invokeAsync(arn, {});
    await clock.run(clock.sleep(24 * 60 * MINUTE));
    expect(attempts(start)).toEqual([0, MINUTE, 3 * MINUTE]);
    expect(new Set(journal.of('invocation').map((entry) => entry.requestId)).size).toBe(1);
  });

  test('is not repeated once it succeeded', async () => {
    const arn = define(
      'second-time',
      'let n = 0; exports.handler = async () => { if (++n < 2) throw new Error("no"); };',
    );
    const start = clock.now();
    lambda.invokeAsync(arn, {});
    await clock.run(clock.sleep(24 * 60 * MINUTE));
    expect(attempts(start)).toEqual([0, MINUTE]);
  });

  test('waits out throttling with growing intervals, and counts it as no error of the function', async () => {
    faults.add('lambda:busy', { from: 1, to: 4 }, { kind: 'throttle' });
    const arn = define('busy', 'exports.handler = async () => 1;');
    const start = clock.now();
    lambda.invokeAsync(arn, {});
    await clock.run(clock.sleep(MINUTE));
    expect(attempts(start)).toEqual([1000 + 2000 + 4000 + 8000]);
  });

  test('is given up after six hours of throttling', async () => {
    faults.add('lambda:busy', { from: 1 }, { kind: 'throttle' });
    const arn = define('busy', 'exports.handler = async () => 1;');
    lambda.invokeAsync(arn, {});
    await clock.run(clock.sleep(7 * 60 * MINUTE));
    const hits = faults.hits;
    await clock.run(clock.sleep(24 * 60 * MINUTE));
    expect(faults.hits).toBe(hits);
    expect(journal.of('invocation')).toEqual([]);
  });

  test('comes twice when Lambda loses track of it', async () => {
    faults.add('lambda:twice', 1, { kind: 'lost-response' });
    const arn = define('twice', 'exports.handler = async () => 1;');
    lambda.invokeAsync(arn, {});
    await clock.run(clock.sleep(MINUTE));
    expect(journal.of('invocation')).toHaveLength(2);
  });

  test('ends with the function', async () => {
    const arn = define('removed', 'exports.handler = async () => { throw new Error("no"); };');
    lambda.invokeAsync(arn, {});
    await clock.run(clock.sleep(1000));
    lambda.remove(arn);
    await clock.run(clock.sleep(10 * MINUTE));
    expect(journal.of('invocation')).toHaveLength(1);
    expect(() => lambda.invokeAsync(arn, {})).toThrow('Function not found');
  });
});
