import { Annotations, CfnOutput, CfnResource, Reference, Tokenization } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { report } from './findings';
import { constructsOf } from './preparation';
import { restoredFrom } from './restore-checks';

/** Uses of a backup that is taken again and again which do not bear that its id changes. */
export function warnOfUses(backup: IConstruct, resource: CfnResource): void {
  for (const restored of restoredFrom(resource)) {
    report(
      restored,
      'cdk-fsx-backup:restoreFromTriggered',
      `its backupId is that of "${backup.node.path}", which takes another backup whenever a trigger ` +
        `changes: CloudFormation would then replace "${restored.node.path}" by a new one, restored from ` +
        'that backup, and delete this one with its data. Restore from an id that stays the same: use a ' +
        'RestorePoint',
    );
  }
  for (const construct of constructsOf(backup.node.root)) {
    if (
      construct instanceof CfnOutput &&
      construct.exportName !== undefined &&
      isExportOf(construct, resource)
    ) {
      Annotations.of(backup).addWarningV2(
        'cdk-fsx-backup:exportOfTriggered',
        `"${construct.node.path}" exports a value of this backup, which changes with each new backup, and ` +
          'CloudFormation refuses to change an export that another stack imports: write it to an SSM ' +
          'parameter and let the other stack read that',
      );
    }
  }
}

function isExportOf(output: CfnOutput, resource: CfnResource): boolean {
  return Tokenization.reverseString(String(output.value)).tokens.some(
    (token) => Reference.isReference(token) && token.target === resource,
  );
}
