import { custom, describedStack, testWorld, told, topic } from './cloudformation-fixture';
import type { CloudFormationOptions, FileSystemService } from '../cloudformation/world';

/* Express mode: CloudFormation does not wait until native resources are stable. */

const MINUTE = 60_000;
const SLOW: Partial<CloudFormationOptions> = { duration: () => 10 * MINUTE };

const template = (v: number) => ({
  Resources: { T: topic({ DisplayName: `v${v}` }), C: custom({ v }, { DependsOn: 'T' }) },
});

/** when the dependent of a native resource is asked for, and when all is over, in minutes */
async function times(express?: boolean) {
  const world = testWorld(SLOW);
  let start = world.clock.now();
  const asked: number[] = [];
  world.provider = async () => {
    asked.push((world.clock.now() - start) / MINUTE);
    await world.clock.sleep(MINUTE);
    return {};
  };
  const over: number[] = [];
  for (const v of [1, 2]) {
    start = world.clock.now();
    await world.deploy(template(v), { express });
    over.push((world.clock.now() - start) / MINUTE);
  }
  return { world, asked, over };
}

test('a native resource is complete after its API call, a custom one after its answer', async () => {
  const { world, asked, over } = await times(true);
  expect([asked, over]).toEqual([
    [0, 0],
    [1, 1],
  ]);
  expect((await describedStack(world)).DeploymentConfig).toEqual({ Mode: 'EXPRESS' });
});

test('in standard mode it is waited for', async () => {
  const { world, asked, over } = await times();
  expect([asked, over]).toEqual([
    [10, 10],
    [11, 11],
  ]);
  expect((await describedStack(world)).DeploymentConfig).toEqual({ Mode: 'STANDARD' });
});

test('a wait condition is waited for', async () => {
  const world = testWorld();
  const outcome = await world.deploy(
    {
      Resources: {
        Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
        Condition: {
          Type: 'AWS::CloudFormation::WaitCondition',
          Properties: { Handle: { Ref: 'Handle' }, Timeout: 60 },
        },
      },
    },
    { express: true },
  );
  expect(outcome.reason).toContain('WaitCondition timed out');
});

test('each deployment says for itself; a cleanup and a rollback are as fast, a deletion is not', async () => {
  const world = testWorld(SLOW);
  const both = (name: string) => ({
    Resources: { T: topic({ TopicName: name }), Bad: topic({ DisplayName: name }, { DependsOn: 'T' }) },
  });
  const took = async (work: Promise<unknown>) => {
    const start = world.clock.now();
    await work;
    return (world.clock.now() - start) / MINUTE;
  };
  expect(await took(world.deploy(both('one'), { express: true }))).toBe(0);
  expect(await took(world.deploy(both('two'), { express: true }))).toBe(0);
  world.cloudFormation.failures.fail({ target: 'Bad', on: 'update', after: MINUTE });
  expect(await took(world.deploy(both('three'), { express: true }))).toBe(1);
  expect(world.cloudFormation.stack('Stack').status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await took(world.deploy(both('four')))).toBe(30);
  await world.deploy(both('five'), { express: true });
  expect(await took(world.destroy())).toBe(20);
});

describe('rollback', () => {
  const failing = async (options: Partial<CloudFormationOptions>, settings: object) => {
    const world = testWorld(options);
    world.provider = ({ RequestType, ResourceProperties: { v } }) =>
      RequestType === 'Update' && v === '2' ? { Status: 'FAILED', Reason: 'no' } : {};
    await world.deploy(template(1), settings);
    return world.deploy(template(2), settings).then(({ status }) => status);
  };

  test.each([
    [false, { express: true }, 'UPDATE_ROLLBACK_COMPLETE'],
    [true, { express: true }, 'UPDATE_FAILED'],
    [true, { express: true, disableRollback: false }, 'UPDATE_ROLLBACK_COMPLETE'],
    [false, { express: true, disableRollback: true }, 'UPDATE_FAILED'],
    [true, {}, 'UPDATE_ROLLBACK_COMPLETE'],
  ])('where Express disables it: %s, with %j: %s', async (expressDisablesRollback, settings, status) => {
    expect(await failing({ expressDisablesRollback }, settings)).toBe(status);
  });
});

test('FSx is told how long file systems and volumes take, since nobody waits for that', async () => {
  const took: unknown[][] = [];
  const fsx = {
    createFileSystem: (_: unknown, ms?: number) => {
      took.push(['create', ms]);
      return { fileSystemId: 'fs-1' };
    },
    updateFileSystem: (_: string, __: unknown, ms?: number) => {
      took.push(['update', ms]);
      return { fileSystemId: 'fs-1' };
    },
    createVolume: (_: unknown, ms?: number) => {
      took.push(['create volume', ms]);
      return { volumeId: 'fsvol-1' };
    },
  } as unknown as FileSystemService;
  const world = testWorld(
    { duration: (_, operation) => ({ create: 10, update: 5, delete: 1 })[operation] },
    { fsx },
  );
  const stack = (StorageCapacity: number) => ({
    Resources: {
      Fs: { Type: 'AWS::FSx::FileSystem', Properties: { StorageCapacity } },
      Volume: { Type: 'AWS::FSx::Volume', Properties: { Name: { Ref: 'Fs' } } },
    },
  });
  await world.deploy(stack(1200), { express: true });
  await world.deploy(stack(2400));
  expect(took).toEqual([
    ['create', 10],
    ['create volume', 10],
    ['update', 5],
  ]);
});

test('a native resource that fails has failed', async () => {
  const world = testWorld(SLOW);
  world.cloudFormation.failures.fail({ target: 'T', on: 'create', after: 2 * MINUTE });
  const outcome = await world.deploy(template(1), { express: true });
  expect(told(outcome.events)).toContain('CREATE_FAILED T');
  expect(outcome.status).toBe('ROLLBACK_COMPLETE');
});
