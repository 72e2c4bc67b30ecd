import { aws_iam as iam, Stack, Tags } from 'aws-cdk-lib';
import type { BackupRecord, Execution } from '../../sandbox';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupProps,
  FsxBackupProvider,
  FsxBackupProviderProps,
} from '../../src';
import { bystander, DAY, MINUTE, sourceOf, synthesize, theOnly, World } from '../fixtures';

/* The apps that several findings share, and what is read from the world afterwards. */

/** A backup before each version of the service (`Bystander`). Its tag says before which version. */
export function upgrade(version: string, props: Partial<FsxBackupProps> = {}): string {
  return synthesize((stack) => {
    const source = sourceOf(stack, 'LUSTRE');
    const triggers = [BackupTrigger.onValue(version)];
    const backup = new FsxBackup(stack, 'Backup', { source, triggers, ...props });
    Tags.of(backup).add('version', version);
    bystander(stack, backup, version);
  });
}

export const COMPLETE = /^(CREATE|UPDATE)_COMPLETE$/;
export const ROLLED_BACK = /^UPDATE_ROLLBACK_COMPLETE$/;

/** A step of the preparation: a deployment that has to end so. */
export async function deploy(
  world: World,
  app: string,
  status = COMPLETE,
  options: Parameters<World['deploy']>[1] = {},
): Promise<void> {
  expect((await world.deploy(app, options)).Files.status).toMatch(status);
}

export function oldestFirst(backups: readonly BackupRecord[]): BackupRecord[] {
  return [...backups].sort((one, other) => one.createdAt - other.createdAt);
}

/** The stack's backups that were taken before this version, the oldest first. */
export function takenBefore(world: World, version: string): BackupRecord[] {
  return oldestFirst(world.ownBackups).filter(({ tags }) => tags.get('version') === version);
}

/** Before which versions there are backups, the oldest first. */
export function versions(world: World): Array<string | undefined> {
  return oldestFirst(world.ownBackups).map(({ tags }) => tags.get('version'));
}

/** The physical id of the stack's only backup resource. */
export function held(world: World, stack = 'Files'): string | undefined {
  const { resources } = world.cloudFormation.stack(stack);
  return theOnly(Object.values(resources).filter(({ type }) => type === 'Custom::FsxBackup')).physicalId;
}

/** The backup that the stack's only backup resource holds. */
export function heldBackup(world: World): BackupRecord {
  return world.fsx.backups.get(held(world)!)!;
}

/** Make the service fail at its next update. */
export function failService(world: World, after = 0): void {
  world.cloudFormation.failures.fail({ target: 'Bystander', on: 'update', after });
}

/**
 * A provider that may back up a source of the stack, and a role, `operator`, that may start its executions.
 */
export function operators(
  sourceIn: (stack: Stack) => BackupSource,
  props: (stack: Stack) => FsxBackupProviderProps = () => ({}),
  more: (stack: Stack, provider: FsxBackupProvider) => void = () => {},
): string {
  return synthesize((stack) => {
    const provider = new FsxBackupProvider(stack, 'Provider', props(stack));
    provider.allowBackupsOf(sourceIn(stack));
    const assumedBy = new iam.AccountRootPrincipal();
    provider.grantRun(new iam.Role(stack, 'Operator', { assumedBy, roleName: 'operator' }));
    more(stack, provider);
  });
}

export function physicalId(world: World, logicalId: string): string {
  return world.cloudFormation.stack('Files').resources[logicalId].physicalId!;
}

/** The state machine `requests` responds to CloudFormation, and is named after the stack's id. */
export function stateMachineIn(world: World, machine: 'requests' | 'runs' = 'runs'): string {
  const machines = world
    .resourcesOf('AWS::StepFunctions::StateMachine')
    .map((resource) => resource.physicalId!);
  return theOnly(machines.filter((arn) => arn.includes(':FsxBackup-') === (machine === 'requests')));
}

/** A call of Step Functions by the operator. */
export function asOperator(world: World, operation: string, input: object): Promise<any> {
  const principal = 'arn:aws:iam::123456789012:role/operator';
  return world.stepFunctions.api.handle({ operation, principal, input }) as Promise<any>;
}

/** Start an execution as the operator, and let time pass until it is over. */
export async function run(world: World, input: unknown, within = DAY): Promise<Execution> {
  const { executionArn } = await asOperator(world, 'StartExecution', {
    stateMachineArn: stateMachineIn(world),
    input: JSON.stringify(input),
  });
  const execution = world.stepFunctions.executions.get(executionArn)!;
  const deadline = world.clock.now() + within;
  while (execution.status === 'RUNNING' && world.clock.now() < deadline) await world.pass(MINUTE);
  return execution;
}
