import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import type { CfnFileSystem, CfnVolume } from 'aws-cdk-lib/aws-fsx';
import { DEPLOYMENT, expectOf, tagged } from './live-app';
import { BackupSource, FsxBackup } from '../../src';

/** One backup, whose tags the second deployment changes in place. */
export function oneBackupOf(
  stack: Stack,
  source: BackupSource,
  { ref, cfnResourceType }: CfnFileSystem | CfnVolume,
  copiedTags: Record<string, string> = {},
): void {
  const backup = new FsxBackup(stack, 'Backup', { source, backupName: 'live test' });
  Tags.of(backup).add('deployment', DEPLOYMENT);
  new CfnOutput(stack, 'BackupId', { value: backup.backupId });
  expectOf(stack, {
    sourceId: ref,
    isVolume: cfnResourceType === 'AWS::FSx::Volume',
    backups: [tagged({ Name: 'live test', deployment: DEPLOYMENT, ...copiedTags })],
    left: 1,
  });
}
