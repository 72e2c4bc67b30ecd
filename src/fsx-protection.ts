import { Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { MAX_BACKUP_TIMEOUT, MAX_WAIT } from './private/contract';
import { reportAsErrors } from './private/findings';
import { checkKeepLast, checkTimeout } from './private/option-checks';
import { decide, protectBelow } from './private/protection';
import { judgeBelow } from './private/protection-rule';
import { checkConstructs, checkFlag, checkProps } from './private/type-checks';

/**
 * What FsxProtection gives to each file system and ONTAP volume.
 */
export interface FsxProtectionOptions {
  /**
   * Whether a backup is taken before each change of the file system or volume, as by
   * `FsxBackup.beforeChangeOf`.
   *
   * @default true
   */
  readonly beforeChange?: boolean;

  /**
   * Whether a last backup is taken before the file system or volume is deleted, by an `FsxFinalBackup`. What
   * CloudFormation never deletes, since it is retained, gets none.
   *
   * @default true
   */
  readonly finalBackup?: boolean;

  /**
   * How many of the backups before changes are kept for each file system or volume.
   *
   * @default - all
   */
  readonly keepLast?: number;

  /**
   * How long a backup before a change may take, from one minute to twelve hours, in whole seconds.
   *
   * For each 55 minutes more, each file system or volume costs one more resource.
   *
   * @default Duration.minutes(55)
   */
  readonly timeout?: Duration;
}

/**
 * Options of the rule that each file system and ONTAP volume needs its backups.
 */
export interface FsxProtectionRuleOptions {
  /**
   * Whether what is found is an error, with which nothing is deployed, or a warning.
   *
   * @default false
   */
  readonly asErrors?: boolean;
}

/**
 * Backups for all FSx file systems and ONTAP volumes of an app, a stage or a stack, in one line.
 *
 * The nearest scope decides: what is said for a stack goes before what is said for the app, and what is said
 * for a file system goes before both.
 *
 * CDK synthesizes each stage by itself. So call this for an app when its stages are defined, or for each
 * stage; a stage that is not reached is an error.
 *
 * @example
 * FsxProtection.of(app).add({ keepLast: 10 });
 * FsxProtection.of(scratch).none('what it holds can be computed again');
 * FsxProtection.of(app).require({ asErrors: true });
 */
export class FsxProtection {
  /**
   * The protection of all that is at or below a construct.
   *
   * @param scope an app, a stage, a stack, or any other construct
   * @throws if it is no construct
   */
  public static of(scope: IConstruct): FsxProtection {
    checkConstructs('the scope of FsxProtection', [scope]);
    return new FsxProtection(scope);
  }

  private constructor(private readonly scope: IConstruct) {}

  /**
   * Give each FSx file system and ONTAP volume the backups that it does not have yet, also those that are
   * defined later.
   *
   * What FSx cannot back up is left out with the warning `cdk-fsx-backup:notProtected`: Lustre scratch file
   * systems, those linked to a data repository, and ONTAP volumes of type `DP`. An OpenZFS file system is
   * backed up with its volumes, but not before one of them changes.
   *
   * If this line is removed, all backups stay. With the final backups' resources, CloudFormation takes a last
   * backup of each file system and volume.
   *
   * @param options default: a backup before each change, and a final one
   * @throws if an option is out of range, or if both kinds of backups are left out
   *
   * @example
   * FsxProtection.of(app).add({ keepLast: 10, timeout: Duration.hours(2) });
   */
  public add(options: FsxProtectionOptions = {}): void {
    checkProps('FsxProtection', options);
    checkFlag('beforeChange of FsxProtection', options.beforeChange);
    checkFlag('finalBackup of FsxProtection', options.finalBackup);
    checkKeepLast(options.keepLast, 'To take no backups before changes, use beforeChange: false');
    checkTimeout(options.timeout, MAX_WAIT, MAX_BACKUP_TIMEOUT);
    if (options.beforeChange === false && options.finalBackup === false) {
      throw new Error(
        'beforeChange and finalBackup of FsxProtection are false, so it adds nothing: to leave something ' +
          'out, use FsxProtection.of(construct).none(reason)',
      );
    }
    decide(this.scope, { options });
    protectBelow(this.scope);
  }

  /**
   * Leave out what is at or below this construct: it gets no backups, and the rule finds nothing. CDK shows
   * the reason when it synthesizes.
   *
   * @param reason in your words
   * @throws if there is no reason
   *
   * @example
   * FsxProtection.of(scratch).none('what it holds can be computed again');
   */
  public none(reason: string): void {
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new Error(
        `FsxProtection.of(...).none() of "${this.scope.node.path || 'App'}" needs a reason: say why its ` +
          'data can be lost',
      );
    }
    decide(this.scope, { noneBecause: reason });
  }

  /**
   * Find each file system and ONTAP volume whose data a deployment can lose:
   *
   * * `cdk-fsx-backup:replacedWithoutBackup`: it can be replaced, and no backup is taken before
   * * `cdk-fsx-backup:deletedWithoutBackup`: it can be deleted, and it has no final backup
   * * `cdk-fsx-backup:finalBackupTwice`: it has more than one
   * * `cdk-fsx-backup:notProtected`: FSx cannot back it up
   * * `cdk-fsx-backup:restoreFromTriggered`: it is restored from a backup that is taken again and again
   *
   * Each finding names the construct and says what to do. To accept one, use
   * `Annotations.of(construct).acknowledgeWarning(id)`, also if it is an error.
   *
   * @param options default: warnings
   * @throws if an option is neither true nor false
   *
   * @example
   * FsxProtection.of(app).require({ asErrors: true });
   */
  public require(options: FsxProtectionRuleOptions = {}): void {
    checkProps('the rule of FsxProtection', options);
    checkFlag('asErrors of FsxProtection', options.asErrors);
    reportAsErrors(this.scope, options.asErrors === true);
    judgeBelow(this.scope);
  }
}
