import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_fsx as fsx, aws_ssm as ssm, CfnOutput, Stack } from 'aws-cdk-lib';
import type { BackupRecord } from '../../sandbox/fsx/backup';
import { VacantProcesses } from '../../sandbox/lambda/container';
import { Sandbox, SandboxOptions } from '../../sandbox/sandbox';
import { BackupSource, FsxBackup, FsxBackupProps } from '../../src';

export type Kind = 'WINDOWS' | 'LUSTRE' | 'OPENZFS' | 'ONTAP';
export const KINDS: Kind[] = ['WINDOWS', 'LUSTRE', 'OPENZFS', 'ONTAP'];
export const MINUTE = 60_000;

const processes = new VacantProcesses();
const open: Sandbox[] = [];
const directories: string[] = [];

/** A sandbox that is closed after the test. Its backups take a minute, and so a few looks. */
export async function start({ fsx: backups, ...options }: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await Sandbox.start({
    processes,
    fsx: { backupDuration: () => MINUTE, ...backups },
    ...options,
  });
  open.push(sandbox);
  return sandbox;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

afterAll(() => processes.close());

/** Synthesize an app with one stack, `Files`, into a cloud assembly. */
export function synthesize(define: (stack: Stack) => void, context: Record<string, string> = {}): string {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  directories.push(outdir);
  const app = new App({ outdir, analyticsReporting: false, context });
  define(new Stack(app, 'Files'));
  app.synth();
  return outdir;
}

/** Define a source of this kind in the stack. */
export function sourceOf(
  stack: Stack,
  kind: Kind,
  id = 'Source',
  tags: Array<{ key: string; value: string }> = [],
  copyTagsToBackups = false,
): BackupSource {
  const common = { subnetIds: ['subnet-0123456789abcdef0'], storageCapacity: 1200, fileSystemType: kind };
  switch (kind) {
    case 'WINDOWS':
      return BackupSource.fromCfnFileSystem(
        new fsx.CfnFileSystem(stack, id, {
          ...common,
          tags,
          windowsConfiguration: {
            throughputCapacity: 32,
            activeDirectoryId: 'd-1234abcd12',
            copyTagsToBackups,
          },
        }),
      );
    case 'LUSTRE':
      return BackupSource.fromCfnFileSystem(
        new fsx.CfnFileSystem(stack, id, {
          ...common,
          tags,
          lustreConfiguration: {
            deploymentType: 'PERSISTENT_2',
            perUnitStorageThroughput: 125,
            copyTagsToBackups,
          },
        }),
      );
    case 'OPENZFS':
      return BackupSource.fromCfnFileSystem(
        new fsx.CfnFileSystem(stack, id, {
          ...common,
          tags,
          openZfsConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 64, copyTagsToBackups },
        }),
      );
    case 'ONTAP': {
      const fileSystem = new fsx.CfnFileSystem(stack, id, {
        ...common,
        ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
      });
      const svm = new fsx.CfnStorageVirtualMachine(stack, `${id}Svm`, {
        fileSystemId: fileSystem.ref,
        name: 'svm',
      });
      return BackupSource.fromCfnVolume(
        new fsx.CfnVolume(stack, `${id}Volume`, {
          name: 'vol1',
          volumeType: 'ONTAP',
          tags,
          ontapConfiguration: {
            storageVirtualMachineId: svm.ref,
            sizeInMegabytes: '1024',
            junctionPath: '/vol1',
            storageEfficiencyEnabled: 'true',
            copyTagsToBackups: String(copyTagsToBackups),
          },
        }),
      );
    }
  }
}

/** A stack with one source and one backup of it. */
export function backupStack(
  kind: Kind,
  props: Partial<FsxBackupProps> = {},
  more: (stack: Stack, backup: FsxBackup) => void = () => {},
): string {
  return synthesize((stack) => {
    const backup = new FsxBackup(stack, 'Backup', { source: sourceOf(stack, kind), ...props });
    new CfnOutput(stack, 'BackupId', { value: backup.backupId });
    more(stack, backup);
  });
}

/** The backups that exist. */
export function backupsIn(sandbox: Sandbox) {
  return [...sandbox.fsx.backups.values()].filter((backup) => backup.lifecycle !== 'DELETED');
}

/** Those that carry the library's tags. */
export function ownBackupsIn(sandbox: Sandbox) {
  return backupsIn(sandbox).filter((backup) => backup.tags.has('cdk-fsx-backup:stack-id'));
}

export function logOf(sandbox: Sandbox): string {
  return sandbox.journal
    .of('log')
    .map((entry) => entry.line)
    .join('\n');
}

/** Another resource of the stack, to fail at will, or to come after the backup. */
export function bystander(stack: Stack, backup?: FsxBackup, value = '1', id = 'Bystander'): void {
  const parameter = new ssm.CfnParameter(stack, id, { type: 'String', value });
  if (backup) parameter.node.addDependency(backup);
}

/** What CloudFormation was told, in order, without what nobody waited for. */
export function answersIn(sandbox: Sandbox) {
  return sandbox.journal
    .of('response')
    .filter((response) => response.effect === 'accepted')
    .map((response) => response.body);
}

export function calls(sandbox: Sandbox, operation: string): number {
  return sandbox.journal.calls(operation).length;
}

/** The physical id that CloudFormation holds for the resource that a backup was taken for. */
export function physicalIdFor(sandbox: Sandbox, backup: BackupRecord): string | undefined {
  return sandbox.cloudFormation.stack('Files').resources[backup.tags.get('cdk-fsx-backup:logical-id')!]
    .physicalId;
}

export function nameOf(backup: BackupRecord): string | undefined {
  return backup.tags.get('Name');
}

/** Of a file system that `sourceOf` defined, CloudFormation makes another one. */
export function recreate(stack: Stack, id = 'Source'): void {
  (stack.node.findChild(id) as fsx.CfnFileSystem).subnetIds = ['subnet-0fedcba9876543210'];
}

/** Let virtual time pass. */
export function passTime(sandbox: Sandbox, ms: number): Promise<void> {
  return sandbox.clock.run(sandbox.clock.sleep(ms));
}

/** What names the source of a backup that is planted. */
export function idOf({ volumeId, fileSystemId }: BackupRecord['source']): {
  volumeId?: string;
  fileSystemId?: string;
} {
  return volumeId ? { volumeId } : { fileSystemId };
}

/** The physical id that CloudFormation holds for the resource with this logical id. */
export function physicalIdOf(sandbox: Sandbox, logicalId: RegExp): string | undefined {
  const { resources } = sandbox.cloudFormation.stack('Files');
  return theOnly(
    Object.keys(resources)
      .filter((name) => logicalId.test(name))
      .map((name) => resources[name]),
  ).physicalId;
}

/** The events of a resource, or of the stack by its name, with this status. */
export function events(sandbox: Sandbox, logicalId: string, status: string) {
  return sandbox.journal
    .of('event')
    .filter((event) => event.logicalId === logicalId && event.status === status);
}

/** When a resource, or the stack by its name, last came to this status. */
export function timeOf(sandbox: Sandbox, logicalId: string, status: string): number {
  return events(sandbox, logicalId, status).at(-1)!.at;
}

/** When a backup is AVAILABLE. */
export function finishedAt({ createdAt, duration }: BackupRecord): number {
  return createdAt + duration;
}

export function theOnly<T>(items: readonly T[]): T {
  expect(items).toHaveLength(1);
  return items[0];
}
