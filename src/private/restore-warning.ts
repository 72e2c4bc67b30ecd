import { Annotations, CfnResource, Reference, Tokenization } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { IConstruct } from 'constructs';
import { Awaited } from './awaited';
import { FILE_SYSTEM, VOLUME } from './source-checks';

/** A file system that is restored from the backup would be replaced at the next backup. */
export function warnOfRestores(backup: IConstruct, resource: CfnResource): void {
  for (const restored of backup.node.root.node.findAll().filter(isRestorable)) {
    const isWired = Tokenization.reverseString(restored.backupId ?? '').tokens.some((token) =>
      Reference.isReference(token) ? token.target === resource : token instanceof Awaited && token.isOf(resource));
    if (!isWired) continue;
    Annotations.of(restored).addWarningV2('cdk-fsx-backup:restoreFromTriggered',
      `its backupId is that of "${backup.node.path}", which takes another backup whenever a trigger changes: CloudFormation would then replace "${restored.node.path}" `
      + 'by a new one, restored from that backup, and delete this one with its data. Restore from an id that stays the same, such as one from the context');
  }
}

function isRestorable(construct: IConstruct): construct is fsx.CfnFileSystem | fsx.CfnVolume {
  return CfnResource.isCfnResource(construct) && [FILE_SYSTEM, VOLUME].includes(construct.cfnResourceType);
}
