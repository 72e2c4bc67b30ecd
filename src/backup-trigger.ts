import { Annotations, Stage, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { type Changes, changesOf, resourcesIn } from './private/changes';
import { recognizable } from './private/copies';
import { hashOf } from './private/hash';
import { type Home, homeOf } from './private/home';
import { oncePer } from './private/once';
import { isShortText } from './private/tag-checks';
import { checkConstructs } from './private/type-checks';

/** Another value of this context makes another deployment of the same app. */
const DEPLOYMENT_CONTEXT = 'cdk-fsx-backup:deployment';

/** What a trigger compares at most: the properties of a resource have to fit a request of CloudFormation. */
const MAX_VALUES = 500;

/** What a missing value becomes in a text. */
const NO_VALUES = ['', 'undefined', 'null', 'NaN', '[object Object]'];

/**
 * When to take another backup.
 *
 * Whenever the value of a trigger differs from the last deployment, another backup is taken. A rollback to
 * the former value takes none: the resource gets its former backup back.
 *
 * @example
 * new FsxBackup(this, 'PreUpgrade', {
 *   source: BackupSource.of(fileSystem),
 *   triggers: [BackupTrigger.onChangeOf(service), BackupTrigger.onValue('1.4.2')],
 *   executeBefore: [service],
 * });
 */
export class BackupTrigger {
  /**
   * When CloudFormation is going to change a resource at or below these constructs: its type, its logical id,
   * or its properties, as they resolve at deployment.
   *
   * That is the text of the template, property overrides included, and the values of all functions in it:
   * references, attributes, parameters, mappings, conditions, values of other stacks. What these resources
   * refer to is changed before the backup is taken, so let what touches the data wait for it
   * (`executeBefore`). Not seen are parameters that are `NoEcho` and attributes of custom resources, which
   * may be secrets, and `{{resolve:ssm:…}}` without a version; a warning says so.
   *
   * What is defined later counts too. Metadata and dependencies do not, nor does this library's own part of
   * the template.
   *
   * @param scopes constructs, of this or other stacks of the same stage; at least one resource must be at or
   * below them, and they may use at most 500 values that are known only at deployment. Of another stack, the
   * text counts
   * @throws if one of them is no construct
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes-update.html
   */
  public static onChangeOf(...scopes: IConstruct[]): BackupTrigger {
    checkConstructs('what BackupTrigger.onChangeOf got', scopes);
    const read = readOnce(scopes);
    return new BackupTrigger(
      () => [],
      (backup) => [valueOf(read(backup))],
      (backup) => problemsOf(scopes, backup, read),
      [],
      scopes,
    );
  }

  /**
   * When one of these values changes: a version, the hash of an asset, the id of a build.
   *
   * A known value of at most 40 characters, of those that FSx allows in tags, is part of the default name of
   * the backup: give no secrets.
   *
   * @param values may be tokens, that is, known only when the stack is deployed. An attribute of another
   * stack never changes: CloudFormation refuses to change an export that is in use
   * @throws if there is no value, an empty one, or a list whose length is known only when the stack is
   * deployed
   */
  public static onValue(...values: string[]): BackupTrigger {
    if (values.length === 0) {
      throw new Error(
        'BackupTrigger.onValue needs a value: without one, there would never be another backup',
      );
    }
    if (Token.isUnresolved(values)) {
      throw new Error(
        'BackupTrigger.onValue got a list that is only known at deployment: join it, ' +
          "onValue(Fn.join(',', list))",
      );
    }
    for (const value of values) {
      if (typeof value === 'string' && !NO_VALUES.includes(value.trim())) continue;
      throw new Error(
        `BackupTrigger.onValue got ${JSON.stringify(value) ?? 'undefined'}: give a text that is not empty; ` +
          'a variable of the environment may be missing',
      );
    }
    return new BackupTrigger(
      () => [`onValue:${knownOrHash(values.join('\n'))}`],
      undefined,
      undefined,
      values.filter(isShortText),
    );
  }

  /**
   * Whenever the app is synthesized.
   *
   * Set the context `cdk-fsx-backup:deployment` to anything, and that is the value: for tests, and for a
   * quiet `cdk diff`.
   */
  public static everyDeployment(): BackupTrigger {
    const now = new Date().toISOString();
    return new BackupTrigger((backup) => [
      `everyDeployment:${backup.node.tryGetContext(DEPLOYMENT_CONTEXT) ?? now}`,
    ]);
  }

  private constructor(
    /** @internal */ public readonly _values: (backup: IConstruct) => unknown[],
    /** @internal From templates. */ public readonly _read: (backup: IConstruct) => unknown[] = () => [],
    /** @internal */ public readonly _validate: (backup: IConstruct) => string[] = () => [],
    /** @internal For the name of a backup. */ public readonly _names: readonly string[] = [],
    /** @internal What it watches; undefined if that is no construct. */
    public readonly _scopes?: readonly IConstruct[],
  ) {}
}

recognizable(BackupTrigger);

/** CloudFormation must see tokens. What is known may be long, and is hashed. */
function knownOrHash(text: string): string {
  return Token.isUnresolved(text) ? text : hashOf(text, 16);
}

type Read = (backup: IConstruct) => Changes;

/** Read the resources of these scopes once for all backups that can refer to the same. */
function readOnce(scopes: readonly IConstruct[]): Read {
  const read = oncePer((home: Home) => changesOf(resourcesIn(scopes), home));
  return (backup) => read(homeOf(backup));
}

/** CloudFormation compares the values that the functions give. */
function valueOf({ hash, values }: Changes): unknown {
  const text = `onChangeOf:${hash}`;
  return values.length === 0 ? text : [text, ...values];
}

function problemsOf(scopes: readonly IConstruct[], backup: IConstruct, read: Read): string[] {
  const covered = resourcesIn(scopes);
  if (covered.length === 0) {
    const names = scopes.map((scope) => `"${scope.node.path || 'App'}"`).join(', ');
    return [
      `BackupTrigger.onChangeOf covers no resource: ${names || 'it got none, which'} would never change. ` +
        'Name constructs that define what is deployed',
    ];
  }
  const foreign = covered.find((resource) => Stage.of(resource) !== Stage.of(backup));
  if (foreign) {
    return [
      `BackupTrigger.onChangeOf covers "${foreign.node.path}", which is in another stage, and CDK ` +
        'synthesizes stages one after the other, so what aspects and tags do there would not be seen: ' +
        'name constructs of the stage of the backup, or use onValue',
    ];
  }
  const { values, unseen } = read(backup);
  for (const what of unseen) warnOfUnseen(backup, what);
  return values.length > MAX_VALUES
    ? [
        `BackupTrigger.onChangeOf covers resources that use ${values.length} values known only at ` +
          `deployment, and at most ${MAX_VALUES} can be compared: name fewer constructs`,
      ]
    : [];
}

function warnOfUnseen(backup: IConstruct, what: string): void {
  Annotations.of(backup).addWarningV2(
    'cdk-fsx-backup:unseenChange',
    `what BackupTrigger.onChangeOf covers uses ${what}: if that alone changes, no backup is taken. If it ` +
      'matters, add a trigger of your own, such as BackupTrigger.onValue with a version of it',
  );
}
