import { join, resolve } from 'node:path';
import { evidence } from './evidence';
import { NODE_MODULES } from './install';
import { type ContainerOptions, type Outcome, RuntimeContainer } from './runtime-api';
import { createExisting } from '../../sandbox';
import { createEvent, deleteEvent, FILE_SYSTEM, updateEvent } from '../fixtures/events';
import { FunctionWorld } from '../fixtures/function-world';

const BUNDLE = resolve(__dirname, '../../assets/lambda/handler');
const VERSIONS = {
  22: join(NODE_MODULES, 'node/bin/node'),
  24: resolve(__dirname, '../../node_modules/node/bin/node'),
};
const MEMORY_MEGABYTES = 256;

describe('Lambda runtime', () => {
  describe.each(Object.entries(VERSIONS))('Node.js %s', (_, node) => {
    let world: FunctionWorld;
    let fileSystem: string;
    const containers: RuntimeContainer[] = [];

    beforeEach(async () => {
      world = await FunctionWorld.start();
      fileSystem = createExisting(world.fsx);
    });
    afterEach(async () => {
      for (const container of containers.splice(0)) await container.close();
      await world.close();
    });

    async function cold(options: Partial<ContainerOptions> = {}): Promise<RuntimeContainer> {
      const own = {
        node,
        directory: BUNDLE,
        memoryMegabytes: MEMORY_MEGABYTES,
        environment: world.environment,
      };
      const container = await RuntimeContainer.start({ ...own, ...options });
      containers.push(container);
      return container;
    }

    const request = <E extends object>(event: E): E => {
      return {
        ...JSON.parse(JSON.stringify(event).replaceAll(FILE_SYSTEM, fileSystem)),
        ResponseURL: world.responseUrl,
      };
    };
    const create = (changes = {}) => request(createEvent(changes));
    const resultOf = (outcome: Outcome) => {
      if (!('result' in outcome)) throw new Error(`the invocation failed: ${JSON.stringify(outcome)}`);
      return outcome.result;
    };

    /** What the state machine does: look again until it is over. */
    async function untilOver(container: RuntimeContainer): Promise<number> {
      for (let looks = 1, execution = world.executions.at(-1); ; looks++) {
        execution = resultOf(await container.invoke(execution));
        if (execution.over) return looks;
        await new Promise((done) => setTimeout(done, 20));
      }
    }

    const backups = () => [...world.fsx.backups.values()];

    test('a Create takes a backup, and is answered when the state machine sees it AVAILABLE', async () => {
      const container = await cold();
      expect(resultOf(await container.invoke(create()))).toMatchObject({
        over: false,
        wait: expect.any(Number),
      });
      expect(world.answers).toEqual([]);
      expect(await untilOver(container)).toBeGreaterThan(1);
      const [{ id }] = backups();
      expect(world.answers).toEqual([
        expect.objectContaining({
          Status: 'SUCCESS',
          PhysicalResourceId: id,
          Data: expect.objectContaining({ BackupLifecycle: 'AVAILABLE' }),
        }),
      ]);
    });

    test('an Update changes tags in place, and a Delete with DESTROY deletes: one answer each', async () => {
      const container = await cold();
      await container.invoke(create({ RemovalPolicy: 'DESTROY' }));
      await untilOver(container);
      const [{ id }] = backups();
      world.stackStatus = 'UPDATE_IN_PROGRESS';
      const tags = { RemovalPolicy: 'DESTROY', Tags: [{ Key: 'Name', Value: 'new' }] };
      await container.invoke(request(updateEvent(id, tags, { RemovalPolicy: 'DESTROY' })));
      expect(backups()[0].tags.get('Name')).toBe('new');
      world.stackStatus = 'DELETE_IN_PROGRESS';
      await container.invoke(request(deleteEvent(id, tags)));
      expect(backups()).toEqual([]);
      expect(world.answers.map(({ Status, PhysicalResourceId }) => [Status, PhysicalResourceId])).toEqual(
        Array(3).fill(['SUCCESS', id]),
      );
    });

    test("an input that is nobody's is an error of the invocation, and the container goes on", async () => {
      const container = await cold();
      expect(await container.invoke({ hello: 'world' })).toEqual({
        error: expect.objectContaining({
          errorType: 'Error',
          errorMessage: expect.stringMatching(/^the input is neither a request of CloudFormation nor/),
        }),
      });
      resultOf(await container.invoke(create()));
      expect(backups()).toHaveLength(1);
    });

    test('its lines are JSON with the resource they are about, and without the presigned URL', async () => {
      const container = await cold();
      await container.invoke(create());
      await untilOver(container);
      const lines = container.lines.map((line) => JSON.parse(line));
      expect(lines).toContainEqual(
        expect.objectContaining({
          level: 'INFO',
          message: expect.objectContaining({ message: 'answered', logicalId: 'Backup' }),
        }),
      );
      expect(container.lines.join('\n')).not.toMatch(/verysecret|X-Amz-Signature/);
    });

    test('when FSx does not answer, it gives up in time for the state machine to go on', async () => {
      world.faults.add('fsx:*', { from: 1 }, { kind: 'hang' });
      const container = await cold();
      const [before, remaining] = [Date.now(), 55_000]; // it keeps 50 s of every invocation
      const execution = resultOf(await container.invoke(create(), remaining));
      expect(Date.now() - before).toBeLessThan(remaining - 40_000);
      expect(execution).toMatchObject({ over: false });
      world.faults.clear();
      await untilOver(container);
      expect(world.answers).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
      expect(backups()).toHaveLength(1);
    });

    test('killed at any call, and invoked again in another container: one backup, one answer', async () => {
      const operations = [
        'fsx:DescribeBackups',
        'cloudformation:DescribeStacks',
        'fsx:CreateBackup',
        'states:StartExecution',
      ];
      let killed: RuntimeContainer | undefined;
      let pending: string | undefined;
      world.journal.onEntry((entry) => {
        if (entry.kind !== 'call' || entry.operation !== pending) return;
        pending = undefined;
        killed!.kill();
      });
      for (const operation of operations) {
        const before = backups().length;
        const event = {
          ...create(),
          RequestId: operation.replace(':', '-'),
          LogicalResourceId: operation.replace(/\W/g, ''),
        };
        killed = await cold();
        pending = operation;
        expect(await killed.invoke(event)).toEqual({ exit: 'SIGKILL' });
        const next = await cold();
        resultOf(await next.invoke(event));
        await untilOver(next);
        expect(backups()).toHaveLength(before + 1);
      }
      expect(world.answers.map(({ Status }) => Status)).toEqual(operations.map(() => 'SUCCESS'));
      evidence({ 'invocations killed': operations.length });
    });

    test('stays within its memory, with a thousand backups to look through', async () => {
      for (let i = 0; i < 1000; i++) {
        world.fsx.plantBackup({
          fileSystemId: fileSystem,
          type: 'USER_INITIATED',
          duration: 0,
          tags: [{ Key: 'Name', Value: 'x'.repeat(200) }],
        });
      }
      world.fsx.options.quotas.OPENZFS = 10_000;
      const container = await cold();
      await container.invoke(create());
      await untilOver(container);
      expect(world.answers).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
      expect(container.peakMemory).toBeGreaterThan(0);
      expect(container.peakMemory).toBeLessThan(MEMORY_MEGABYTES * 2 ** 20 * 0.75);
    });

    test('out of memory, it dies, and the next container ends what it has begun', async () => {
      const tags = Array.from({ length: 45 }, (_unused, nth) => ({
        Key: `key-${nth}`,
        Value: 'x'.repeat(256),
      }));
      for (let i = 0; i < 2000; i++)
      // some 25 MB
      {
        world.fsx.plantBackup({ fileSystemId: fileSystem, type: 'USER_INITIATED', duration: 0, tags });
      }
      world.fsx.options.quotas.OPENZFS = 10_000;
      const tight = await cold({ nodeArguments: ['--max-old-space-size=20'] });
      expect(await tight.invoke(create())).toEqual({ exit: expect.stringMatching(/SIGABRT|134/) });
      const next = await cold();
      resultOf(await next.invoke(create()));
      await untilOver(next);
      expect(backups()).toHaveLength(2001);
      expect(world.answers).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
    });

    test.each([
      ['a file that is not there', 'nothing.handler', 'Runtime.ImportModuleError'],
      ['an export that is not there', 'index.nothing', 'Runtime.HandlerNotFound'],
    ])('%s is told before the first invocation', async (_what, handler, errorType) => {
      const container = await cold({ handler });
      for (let i = 0; i < 200 && !container.initError; i++) await new Promise((done) => setTimeout(done, 50));
      expect(container.initError).toMatchObject({ errorType });
    });
  });
});
