import { join, resolve } from 'node:path';
import { evidence } from './evidence';
import { NODE_MODULES } from './install';
import { type ContainerOptions, type Outcome, RuntimeContainer } from './runtime-api';
import { createExisting } from '../../sandbox';
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

    const create = (changes = {}) => world.request('Create', fileSystem, changes);
    const resultOf = (outcome: Outcome) => {
      if (!('result' in outcome)) throw new Error(`the invocation failed: ${JSON.stringify(outcome)}`);
      return outcome.result;
    };

    /** What the state machine gives to a poll. */
    const pollOf = (state: unknown) => ({ machine: 'requests', ...world.executions.at(-1)!, state });

    /** What the state machine does: poll until it is over, also after a container has died. */
    async function untilOver(first: RuntimeContainer): Promise<{ polls: number; end: any }> {
      let [container, state] = [first, null];
      for (let polls = 1; ; polls++) {
        const outcome = await container.invoke(pollOf(state));
        if ('exit' in outcome) {
          container = await cold();
          continue;
        }
        const result = resultOf(outcome);
        if (!('state' in result)) return { polls, end: result };
        state = result.state;
        await new Promise((done) => setTimeout(done, 20));
      }
    }

    /** From CloudFormation's event to the end of its execution. */
    async function carryOut(container: RuntimeContainer, event: object) {
      expect(resultOf(await container.invoke(event))).toBeNull();
      return untilOver(container);
    }

    const backups = () => [...world.fsx.backups.values()];

    test('a Create starts an execution, which takes a backup and answers when it is AVAILABLE', async () => {
      const container = await cold();
      expect(resultOf(await container.invoke(create()))).toBeNull();
      expect([world.executions.length, world.answers, backups()]).toEqual([1, [], []]);
      const { polls, end } = await untilOver(container);
      expect(polls).toBeGreaterThan(2);
      const [{ id }] = backups();
      expect(end).toEqual({ output: expect.objectContaining({ BackupId: id, PhysicalResourceId: id }) });
      expect(world.answers).toEqual([
        expect.objectContaining({
          Status: 'SUCCESS',
          PhysicalResourceId: id,
          Data: expect.objectContaining({ BackupLifecycle: 'AVAILABLE' }),
        }),
      ]);
    });

    test('an event that is delivered again starts nothing', async () => {
      const container = await cold();
      const event = create();
      await carryOut(container, event);
      expect(resultOf(await container.invoke(event))).toBeNull();
      expect([world.executions.length, world.answers.length, backups().length]).toEqual([1, 1, 1]);
    });

    test('an Update changes tags in place, and a Delete with DESTROY deletes: one answer each', async () => {
      const container = await cold();
      await carryOut(container, create({ RemovalPolicy: 'DESTROY' }));
      const [{ id }] = backups();
      world.stackStatus = 'UPDATE_IN_PROGRESS';
      const tags = { RemovalPolicy: 'DESTROY', Tags: [{ Key: 'Name', Value: 'new' }] };
      const changes = { ...tags, PhysicalResourceId: id, Old: { RemovalPolicy: 'DESTROY' } };
      await carryOut(container, world.request('Update', fileSystem, changes));
      expect(backups()[0].tags.get('Name')).toBe('new');
      world.stackStatus = 'DELETE_IN_PROGRESS';
      await carryOut(container, world.request('Delete', fileSystem, { ...tags, PhysicalResourceId: id }));
      expect(backups()).toEqual([]);
      expect(world.answers.map(({ Status, PhysicalResourceId }) => [Status, PhysicalResourceId])).toEqual(
        Array(3).fill(['SUCCESS', id]),
      );
    });

    test("an input that is nobody's is refused without any call, and the container goes on", async () => {
      const container = await cold();
      expect(resultOf(await container.invoke({ hello: 'world' }))).toEqual({
        failure: { error: 'InvalidInput', cause: expect.stringContaining('not a request of CloudFormation') },
      });
      expect(resultOf(await container.invoke({ ...create(), StackId: 'another' }))).toBeNull();
      expect(world.journal.of('call')).toEqual([]);
      await carryOut(container, create());
      expect(backups()).toHaveLength(1);
    });

    test('its lines are JSON with the resource they are about, and without the presigned URL', async () => {
      const container = await cold();
      await carryOut(container, create());
      const lines = container.lines.map((line) => JSON.parse(line));
      expect(lines).toContainEqual(
        expect.objectContaining({
          level: 'INFO',
          message: expect.objectContaining({ message: 'responded', logicalId: 'Backup' }),
        }),
      );
      expect(container.lines.join('\n')).not.toMatch(/verysecret|X-Amz-Signature/);
    });

    test('when FSx does not answer, it gives up in time for the state machine to go on', async () => {
      world.faults.add('fsx:*', { from: 1 }, { kind: 'hang' });
      const container = await cold();
      await container.invoke(create());
      const [before, remaining] = [Date.now(), 55_000]; // it keeps 50 s of every invocation
      const result = resultOf(await container.invoke(pollOf(null), remaining));
      expect(Date.now() - before).toBeLessThan(remaining - 40_000);
      expect(result).toMatchObject({ state: { failedPolls: 1 }, wait: expect.any(Number) });
      world.faults.clear();
      await untilOver(container);
      expect(world.answers).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
      expect(backups()).toHaveLength(1);
    });

    test('killed at any call, and invoked again in another container: one backup, one answer', async () => {
      const operations = [
        'states:StartExecution',
        'fsx:DescribeFileSystems',
        'cloudformation:DescribeStacks',
        'fsx:CreateBackup',
        'fsx:DescribeBackups',
      ];
      let [killed, pending]: [RuntimeContainer?, string?] = [];
      world.journal.onEntry((entry) => {
        if (entry.kind !== 'call' || entry.operation !== pending) return;
        pending = undefined;
        killed!.kill();
      });
      for (const operation of operations) {
        const before = backups().length;
        const event = { ...create(), LogicalResourceId: operation.replace(/\W/g, '') };
        killed = await cold();
        pending = operation;
        const first = await killed.invoke(event);
        expect('exit' in first).toBe(operation === 'states:StartExecution');
        const next = 'exit' in first ? await cold() : killed;
        if (next !== killed) resultOf(await next.invoke(event)); // Lambda delivers it again
        await untilOver(next);
        expect([operation, pending, backups().length]).toEqual([operation, undefined, before + 1]);
      }
      expect(world.executions).toHaveLength(operations.length);
      expect(world.answers.map(({ Status }) => Status)).toEqual(operations.map(() => 'SUCCESS'));
      evidence({ 'invocations killed': operations.length });
    });

    /** Backups of others, among which those of the resource are looked for when the stack is deleted. */
    const plant = (count: number, tags: Array<{ Key: string; Value: string }>) => {
      for (let i = 0; i < count; i++) {
        world.fsx.plantBackup({ fileSystemId: fileSystem, type: 'USER_INITIATED', duration: 0, tags });
      }
      world.fsx.options.quotas.OPENZFS = 10_000;
    };
    const toDelete = async () => {
      await carryOut(await cold(), create({ RemovalPolicy: 'DESTROY' }));
      world.stackStatus = 'DELETE_IN_PROGRESS';
      const { id: PhysicalResourceId } = backups().at(-1)!;
      return world.request('Delete', fileSystem, { RemovalPolicy: 'DESTROY', PhysicalResourceId });
    };

    test('stays within its memory, with a thousand backups to look through', async () => {
      plant(1000, [{ Key: 'Name', Value: 'x'.repeat(200) }]);
      const event = await toDelete();
      const container = await cold();
      await carryOut(container, event);
      expect(backups()).toHaveLength(1000);
      expect(world.answers).toEqual(Array(2).fill(expect.objectContaining({ Status: 'SUCCESS' })));
      expect(container.peakMemory).toBeGreaterThan(0);
      expect(container.peakMemory).toBeLessThan(MEMORY_MEGABYTES * 2 ** 20 * 0.75);
    });

    // some 25 MB
    const plantLarge = () =>
      plant(
        2000,
        Array.from({ length: 45 }, (_unused, nth) => ({ Key: `key-${nth}`, Value: 'x'.repeat(256) })),
      );

    test('looks through 25 MB of backups with a heap of 20 MB, since it keeps none of them', async () => {
      plantLarge();
      const event = await toDelete();
      await carryOut(await cold({ nodeArguments: ['--max-old-space-size=20'] }), event);
      expect(backups()).toHaveLength(2000);
    });

    test('out of memory, it dies, and the next container ends what it has begun', async () => {
      plantLarge();
      const event = await toDelete();
      const container = await cold();
      expect(resultOf(await container.invoke(event))).toBeNull();
      const tight = await cold({ nodeArguments: ['--max-old-space-size=8'] });
      expect(await tight.invoke(pollOf(null))).toEqual({ exit: expect.stringMatching(/SIGABRT|134/) });
      await untilOver(container);
      expect(backups()).toHaveLength(2000);
      expect(world.answers).toEqual(Array(2).fill(expect.objectContaining({ Status: 'SUCCESS' })));
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
