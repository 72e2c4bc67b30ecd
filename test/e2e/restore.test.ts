import {
  App,
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_fsx as fsx,
  aws_s3 as s3,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { FsxBackup, RestorePoint } from '../../src';
import {
  bystander,
  fileSystemOf,
  finishedAt,
  start,
  synthesize,
  temporary,
  theOnly,
  type World,
} from '../fixtures';

/*
 * What becomes of the data when the value of a restore point is given, kept, changed, forgotten or lost. The
 * file system is guarded: before each replacement, there is a backup of what it had.
 */

interface Shape {
  readonly throughput?: number;
  readonly capacity?: number;
  readonly kmsKeyId?: string;
  /** where the restore point is defined; default: in the stack */
  readonly inside?: string;
  readonly literal?: string;
  readonly value?: string;
}

function define(stack: Stack, { throughput, capacity, kmsKeyId, inside, literal, value }: Shape): void {
  const scope = inside === undefined ? stack : new Construct(stack, inside);
  const { backupId } =
    literal === undefined
      ? RestorePoint.parameter(scope, 'RestoreFrom')
      : RestorePoint.literal(stack, literal);
  const fileSystem: fsx.CfnFileSystem = fileSystemOf(stack, 'Source', {
    kind: 'WINDOWS',
    throughput,
    kmsKeyId,
  });
  fileSystem.backupId = backupId;
  fileSystem.storageCapacity = capacity ?? 1200;
  FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);
  bystander(stack, undefined, value);
}

const filesOf = (world: World) => world.physicalIdOf('Source')!;
const dataOf = (world: World) => world.fsx.read(filesOf(world));

interface How {
  readonly restoreFrom?: string;
  readonly previousParameters?: boolean;
}

/** The status of the stack. */
async function deploy(world: World, shape: Shape = {}, { restoreFrom, previousParameters }: How = {}) {
  const parameters = restoreFrom === undefined ? undefined : { RestoreFrom: restoreFrom };
  const assembly = synthesize((stack) => define(stack, shape));
  const { Files } = await world.deploy(assembly, { parameters, previousParameters });
  return Files;
}

/** A file system that is deployed as new, with data on it, a backup of them, and other data since. */
async function begin(): Promise<{ world: World; backup: string; old: string }> {
  const world = await start();
  await deploy(world, {}, { restoreFrom: 'new' });
  world.fsx.write(filesOf(world), 'first');
  await deploy(world, { throughput: 64 });
  world.fsx.write(filesOf(world), 'second');
  return { world, backup: theOnly(world.ownBackups).id, old: filesOf(world) };
}

/** The guard took its newest backup before the file system was replaced, and it holds this. */
function expectBackedUp(world: World, data: string): void {
  expect(world.newest.data).toBe(data);
  const replaced = world.journal
    .of('event')
    .filter(({ logicalId, status }) => logicalId === 'Source' && status === 'UPDATE_IN_PROGRESS');
  expect(replaced[0] && replaced.at(-1)!.at).toBeGreaterThanOrEqual(finishedAt(world.newest));
}

test('a new one is empty, and a parameter that is added to what is deployed changes nothing', async () => {
  const world = await start();
  await world.deploy(
    synthesize((stack) => {
      const fileSystem = fileSystemOf(stack, 'Source', { kind: 'WINDOWS', throughput: 32 });
      FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);
      bystander(stack);
    }),
  );
  expect(dataOf(world)).toBe('');
  world.fsx.write(filesOf(world), 'first');
  const id = filesOf(world);
  expect((await deploy(world, {}, { restoreFrom: 'new' })).status).toBe('UPDATE_COMPLETE');
  expect([filesOf(world), dataOf(world)]).toEqual([id, 'first']);
});

test('an id brings its data, deployments without it keep them, another id brings others', async () => {
  const { world, backup, old } = await begin();

  await deploy(world, { throughput: 64 }, { restoreFrom: backup });
  expect(dataOf(world)).toBe('first');
  const restored = filesOf(world);
  expect(restored).not.toBe(old);
  expect(world.fsx.read(old)).toBeUndefined();
  expectBackedUp(world, 'second');
  const second = world.newest.id;

  world.fsx.write(restored, 'third');
  for (const shape of [{ throughput: 128 }, { throughput: 256 }, { throughput: 256, value: '2' }]) {
    expect((await deploy(world, shape)).status).toBe('UPDATE_COMPLETE');
    expect([filesOf(world), dataOf(world)]).toEqual([restored, 'third']);
  }

  await deploy(world, { throughput: 256 }, { restoreFrom: second });
  expect(dataOf(world)).toBe('second');
  expectBackedUp(world, 'third');
});

test('going back to "new" gives an empty file system, and the backup of before is the way back', async () => {
  const { world, backup } = await begin();
  await deploy(world, {}, { restoreFrom: backup });
  world.fsx.write(filesOf(world), 'third');
  await deploy(world, {}, { restoreFrom: 'new' });
  expect(dataOf(world)).toBe('');
  expectBackedUp(world, 'third');
  await deploy(world, {}, { restoreFrom: world.newest.id });
  expect(dataOf(world)).toBe('third');
});

describe('a deployment that does not say fails before it changes anything', () => {
  async function restored() {
    const { world, backup } = await begin();
    await deploy(world, {}, { restoreFrom: backup });
    world.fsx.write(filesOf(world), 'third');
    return { world, backup, id: filesOf(world), backups: world.backups.length };
  }
  const MISSING = 'Parameters: [RestoreFrom] must have values';
  const expectUntouched = ({ world, id, backups }: Awaited<ReturnType<typeof restored>>) => {
    expect([filesOf(world), dataOf(world), world.backups.length]).toEqual([id, 'third', backups]);
    expect(world.cloudFormation.stack('Files').status).toBe('UPDATE_COMPLETE');
  };

  test('with --no-previous-parameters', async () => {
    const before = await restored();
    await expect(deploy(before.world, { value: '2' }, { previousParameters: false })).rejects.toThrow(
      MISSING,
    );
    expectUntouched(before);
  });

  test('by update-stack without the parameter', async () => {
    const before = await restored();
    const app = new App({ analyticsReporting: false });
    define(new Stack(app, 'Files'), { value: '2' });
    const { template } = app.synth().getStackByName('Files');
    const { world } = before;
    await expect(
      world.clock.run(world.cloudFormation.deploy({ stackName: 'Files', template })),
    ).rejects.toThrow(MISSING);
    expectUntouched(before);
  });

  test("by CodePipeline's action, which gives no parameters", async () => {
    const before = await restored();
    const { world } = before;
    const outdir = temporary();
    const app = new App({ outdir, analyticsReporting: false });
    define(new Stack(app, 'Files'), { value: '2' });
    pipelineOf(app);
    app.synth();
    await world.deploy(outdir, { stacks: ['Release'] });
    const [{ physicalId }] = world.resourcesOf('AWS::CodePipeline::Pipeline', 'Release');
    const execution = await world.clock.run(world.codePipeline.start(physicalId!, { assembly: outdir }));
    expect(execution.status).toBe('Failed');
    expect(JSON.stringify(execution)).toContain(MISSING);
    expectUntouched(before);
  });

  test('after the construct has moved; given again, the value replaces nothing', async () => {
    const before = await restored();
    const { world, backup } = before;
    const moved = { inside: 'Storage', value: '2' };
    await expect(deploy(world, moved)).rejects.toThrow(
      /Parameters: \[StorageRestoreFrom\w+\] must have values/,
    );
    expectUntouched(before);

    const assembly = synthesize((stack) => define(stack, moved));
    const name = /StorageRestoreFrom\w+/.exec(await failureOf(world.deploy(assembly)))![0];
    await world.deploy(assembly, { parameters: { [name]: backup } });
    expect([filesOf(world), dataOf(world)]).toEqual([before.id, 'third']);
  });
});

test('a restore that FSx refuses is rolled back, and the old file system stays', async () => {
  const { world, backup, old } = await begin();
  const outcome = await deploy(world, { throughput: 64, capacity: 2400 }, { restoreFrom: backup });
  expect(outcome.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(outcome.reason).toMatch(/StorageCapacity is 2400, not that of the backup, 1200/);
  expect([filesOf(world), dataOf(world)]).toEqual([old, 'second']);
  expect(world.ownBackups.map(({ data }) => data)).toEqual(['first', 'second']);
});

test('a key that is changed later restores the same backup again, and the guard has the rest', async () => {
  const { world, backup } = await begin();
  await deploy(world, {}, { restoreFrom: backup });
  world.fsx.write(filesOf(world), 'months of work');
  const kmsKeyId = 'arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000';
  await deploy(world, { kmsKeyId });
  expect(dataOf(world)).toBe('first');
  expectBackedUp(world, 'months of work');
  await deploy(world, { kmsKeyId }, { restoreFrom: world.newest.id });
  expect(dataOf(world)).toBe('months of work');
});

test('a backup cannot be deleted while it is being restored', async () => {
  const { world, backup } = await begin();
  const deployed = deploy(world, { throughput: 64 }, { restoreFrom: backup });
  const refused: boolean[] = [];
  world.journal.onEntry((entry) => {
    if (entry.kind !== 'event' || entry.logicalId !== 'Source' || entry.status !== 'UPDATE_IN_PROGRESS') {
      return;
    }
    world.clock.setTimeout(() => refused.push(!world.people.deleteBackup(backup)), 60_000);
  });
  expect((await deployed).status).toBe('UPDATE_COMPLETE');
  expect(refused).toContain(true);
  expect(world.fsx.backups.has(backup)).toBe(true);
});

test('a literal restores without any parameter, and stays as long as the code says it', async () => {
  const world = await start();
  await deploy(world, { literal: 'new' });
  world.fsx.write(filesOf(world), 'first');
  await deploy(world, { literal: 'new', throughput: 64 });
  const literal = theOnly(world.ownBackups).id;
  world.fsx.write(filesOf(world), 'second');
  await deploy(world, { literal, throughput: 64 });
  expect(dataOf(world)).toBe('first');
  expectBackedUp(world, 'second');
  const id = filesOf(world);
  await deploy(world, { literal, throughput: 128 });
  expect(filesOf(world)).toBe(id);
});

/** What a promise is rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => '',
    (error: Error) => error.message,
  );
}

/** A pipeline that deploys the template of the stack `Files`, as it is in its artifact. */
function pipelineOf(app: App): void {
  const stack = new Stack(app, 'Release');
  const output = new codepipeline.Artifact('Source');
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'sources');
  new codepipeline.Pipeline(stack, 'Pipeline', {
    stages: [
      {
        stageName: 'Source',
        actions: [new actions.S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'app.zip', output })],
      },
      {
        stageName: 'Deploy',
        actions: [
          new actions.CloudFormationCreateUpdateStackAction({
            actionName: 'Deploy',
            stackName: 'Files',
            templatePath: output.atPath('Files.template.json'),
            adminPermissions: true,
          }),
        ],
      },
    ],
  });
}
