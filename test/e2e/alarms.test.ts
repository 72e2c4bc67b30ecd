import { aws_iam as iam, aws_sns as sns } from 'aws-cdk-lib';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import type { Execution } from '../../sandbox';
import { BackupSource, BackupTrigger, FsxBackupProvider } from '../../src';
import { backupStack, HOUR, MINUTE, start, theOnly, type World } from '../fixtures';

/* Which executions `onFailed` tells of: by the events that AWS documents. */

const MISSING = 'fs-0123456789abcdef0';

/** A backup before each version, and somebody who is told of failures. */
const version = (value: string) =>
  backupStack('OPENZFS', { triggers: [BackupTrigger.onValue(value)] }, (stack) => {
    const provider = FsxBackupProvider.defaultFor(stack);
    provider.onFailed('Failed', { target: new SnsTopic(new sns.Topic(stack, 'Topic')) });
    provider.allowBackupsOf(BackupSource.fromFileSystemId(MISSING));
    const assumedBy = new iam.AccountRootPrincipal();
    provider.grantRun(new iam.Role(stack, 'Operator', { assumedBy, roleName: 'operator' }));
  });

/** What EventBridge gets when an execution ends. */
function eventOf({ arn, stateMachineArn, name, status, started, stopped, input }: Execution) {
  const detail = {
    executionArn: arn,
    stateMachineArn,
    name,
    status,
    startDate: started,
    stopDate: stopped,
    input,
  };
  return { 'source': 'aws.states', 'detail-type': 'Step Functions Execution Status Change', detail };
}

/** Lists of allowed values, which is all that the pattern has. */
function matches(pattern: any, event: any): boolean {
  return Object.entries<any>(pattern).every(([name, allowed]) =>
    Array.isArray(allowed) ? allowed.includes(event[name]) : matches(allowed, event[name]),
  );
}

const toldOf = (world: World) => {
  const { EventPattern } = theOnly(world.resourcesOf('AWS::Events::Rule')).properties as any;
  return [...world.stepFunctions.executions.values()].filter((one) => matches(EventPattern, eventOf(one)));
};

async function deployed(): Promise<World> {
  const world = await start();
  expect((await world.deploy(version('1'))).Files.status).toBe('CREATE_COMPLETE');
  return world;
}

test('a backup that is AVAILABLE is not told of', async () => {
  expect(toldOf(await deployed())).toEqual([]);
});

test.each<[string, (world: World) => unknown]>([
  ['a backup that FSx ends with FAILED', ({ fsx }) => (fsx.options.fail = () => 'The disk is full.')],
  ['a backup that takes too long', ({ fsx }) => (fsx.options.backupDuration = () => 5 * HOUR)],
  [
    'a call that is denied',
    ({ faults }) =>
      faults.add(
        'fsx:CreateBackup',
        { from: 1 },
        { kind: 'error', code: 'AccessDeniedException', message: 'no' },
      ),
  ],
])('%s is told of, by the logical id of its resource', async (_, happens) => {
  const world = await deployed();
  happens(world);
  expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  await world.pass(HOUR);
  expect(theOnly(toldOf(world)).name).toMatch(/^Backup[0-9A-F]{8}-/);
});

test('a deployment that is cancelled is not told of', async () => {
  const world = await deployed();
  world.fsx.plantBackup({
    type: 'AUTOMATIC',
    duration: 20 * MINUTE,
    fileSystemId: world.newest.source.fileSystemId,
  });
  world.clock.setTimeout(() => world.cloudFormation.cancelUpdate('Files'), 5 * MINUTE);
  expect((await world.deploy(version('2'))).Files.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  await world.pass(HOUR);
  expect(toldOf(world)).toEqual([]);
});

test('a run that fails is told of, by its own name', async () => {
  const world = await deployed();
  const stateMachineArn = world.physicalIdOf(/^FsxBackupDefaultProviderRuns[0-9A-F]{8}$/)!;
  await world.stepFunctions.api.handle({
    operation: 'StartExecution',
    principal: 'arn:aws:iam::123456789012:role/operator',
    input: { stateMachineArn, name: 'nightly', input: JSON.stringify({ source: MISSING }) },
  });
  await world.pass(HOUR);
  expect(theOnly(toldOf(world)).name).toBe('nightly');
});
