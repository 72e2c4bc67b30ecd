import { Aws, CfnCondition, CfnParameter, Fn, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { problemsOfLiteral, problemsOfParameter } from './private/restore-checks';
import { BACKUP_ID } from './private/rules';

const NEW = 'new';

const DESCRIPTION =
  'The backup that the data come from (backup-...), or "new" for a new and empty file system. Another ' +
  'value REPLACES the file system: the new one has the data of the backup, and after "new" it is EMPTY. ' +
  'A replacement for any other reason restores from this value, too.';

/**
 * What a file system or ONTAP volume is created from: a backup, or nothing.
 *
 * CloudFormation replaces a file system whose `BackupId` changes: it restores a new one, with another id and
 * DNS name, and then deletes the old one with what was written since the backup. Going back from a backup to
 * `new` replaces it by an **empty** one. Each replacement for another reason, such as another key, restores
 * from the same backup again, however old it is by then. Guard it with `FsxBackup.beforeChangeOf`, which
 * takes a backup before each replacement.
 *
 * FSx restores into the storage capacity of the backup (OpenZFS: or more) and into the same Lustre deployment
 * type. It restores no ONTAP file systems, but their volumes.
 *
 * @example
 * const point = RestorePoint.parameter(this, 'RestoreFrom');
 * const restored = new fsx.CfnFileSystem(this, 'FileSystem', {
 *   fileSystemType: 'WINDOWS',
 *   subnetIds: [vpc.privateSubnets[0].subnetId],
 *   storageCapacity: 300,
 *   windowsConfiguration: { throughputCapacity: 32, activeDirectoryId: 'd-1234abcd12' },
 *   backupId: point.backupId, // cdk deploy --parameters RestoreFrom=new, or a backup id
 * });
 * FsxBackup.beforeChangeOf(this, 'Guard', restored);
 *
 * @see https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemFromBackup.html
 * @see https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateVolumeFromBackup.html
 */
export class RestorePoint {
  /**
   * Let each deployment say it, by a parameter of the stack without a default: `new`, or the id of a backup.
   *
   * The first deployment must give a value: `cdk deploy --parameters RestoreFrom=new`. Later ones keep it,
   * since `cdk deploy` uses the previous value of a parameter that is not given. A deployment without a value
   * fails before it changes anything: in pipelines, which give no parameters (use `literal` there), with
   * `--no-previous-parameters`, and after this construct has moved.
   *
   * @param scope in the stack of the file system
   * @param id the construct id; directly in a stack, it is also the name of the parameter
   */
  public static parameter(scope: Construct, id: string): RestorePoint {
    const parameter = new CfnParameter(scope, id, {
      type: 'String',
      description: DESCRIPTION,
      allowedPattern: `^(${NEW}|${BACKUP_ID.source.replace(/[$^]/g, '')})$`,
      constraintDescription: 'must be "new", or "backup-" and 8 or more hexadecimal digits',
    });
    const condition = new CfnCondition(parameter, 'IsBackup', {
      expression: Fn.conditionNot(Fn.conditionEquals(parameter.valueAsString, NEW)),
    });
    const ifRestored = (restored: any, otherwise: any) =>
      Token.asString(Fn.conditionIf(condition.logicalId, restored, otherwise));
    // Fn::Select fails if there is no such part, perhaps in an unused branch, too. So "new" gets one.
    const ofBackup = Fn.select(1, Fn.split('-', `${parameter.valueAsString}-${NEW}`));
    parameter.node.addValidation({ validate: () => problemsOfParameter(parameter) });
    return new RestorePoint(ifRestored(parameter.valueAsString, Aws.NO_VALUE), (name) =>
      ifRestored(`${name}_${ofBackup}`, name),
    );
  }

  /**
   * Say it in the code, or in `cdk.json`: for pipelines, which give no parameters to stacks.
   *
   * Do not take it from a context value with a default: a deployment that forgets the value would replace the
   * file system. `node.getContext` fails if there is no value.
   *
   * @param scope whose app is checked for what FSx cannot restore
   * @param value `new`, or `backup-` and 8 or more hexadecimal digits
   * @throws if it is anything else, a token included
   *
   * @example
   * RestorePoint.literal(this, 'backup-03e3c82e0183b7b6b');
   * RestorePoint.literal(this, this.node.getContext('restore-from')); // cdk.json: { "restore-from": "new" }
   */
  public static literal(scope: Construct, value: string): RestorePoint {
    if (Token.isUnresolved(value)) {
      throw new Error(
        'the restore point is a token: its value could change without a decision, and replace the file ' +
          'system. Give the id of a backup, or "new", or use RestorePoint.parameter',
      );
    }
    if (value === NEW) return new RestorePoint(undefined, (name) => name);
    if (typeof value !== 'string' || !BACKUP_ID.test(value)) {
      throw new Error(
        `the restore point is ${JSON.stringify(value)}: it must be "new", or "backup-" and 8 or more ` +
          'hexadecimal digits',
      );
    }
    scope.node.addValidation({ validate: () => problemsOfLiteral(scope, value) });
    return new RestorePoint(value, (name) => `${name}_${value.slice('backup-'.length)}`);
  }

  /** For `backupId` of a `CfnFileSystem` or `CfnVolume`. If new, it is undefined, or has no value. */
  public readonly backupId?: string;

  private constructor(
    backupId: string | undefined,
    private readonly naming: (name: string) => string,
  ) {
    this.backupId = backupId;
  }

  /**
   * A name for an ONTAP volume, or its junction path, that tells it from the volume that it replaces.
   *
   * CloudFormation restores the new volume before it deletes the old one, and two volumes of a storage
   * virtual machine cannot have the same name, or the same junction path. If the volume is new, this is the
   * name that you give; if it is restored, `_` and the digits of the backup's id are added.
   *
   * @param name with at most 185 characters, since FSx allows 203
   */
  public nameOf(name: string): string {
    return this.naming(name);
  }
}
