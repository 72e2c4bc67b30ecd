import { Stack, Stage } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Construct } from 'constructs';
import type { BackupSource } from '../backup-source';
import type { FsxPipelineBackupProps } from './fsx-backup-action';
import { FsxBackupProvider } from '../fsx-backup-provider';
import { IFsxBackupProvider } from '../fsx-backup-provider-props';
import { MAX_RUN_TIMEOUT, RUN_TIMEOUT, type RunInput, SCHEMA_VERSION } from '../private/contract';
import { checkCopy, shown } from '../private/copies';
import { hashOf } from '../private/hash';
import { outermost } from '../private/nesting';
import { checkKeepLast, checkTimeout } from '../private/option-checks';
import { checkSourceClass, differ } from '../private/source-checks';
import { checkName, tagProblems, withTagCharacters } from '../private/tag-checks';
import { checkMember, checkProps, checkText } from '../private/type-checks';

/** A variable of the pipeline, which CodePipeline replaces by its value. */
const VARIABLE = /#\{[^{}]+\}/g;

/** The timeout, in seconds, of options that are valid. */
export function checkPipelineBackup(what: string, props: FsxPipelineBackupProps): number {
  checkProps(what, props);
  checkTypes(what, props);
  const { timeout, keepLast, backupName, tags } = props;
  checkKeepLast(keepLast, 'To keep all of them, leave it out');
  if (backupName !== undefined) checkName(backupName.replace(VARIABLE, 'x'));
  const withoutVariables = Object.entries(tags ?? {}).map(([key, value]) => [
    key,
    value.replace(VARIABLE, ''),
  ]);
  const [problem] = tagProblems({ Name: 'Name', ...Object.fromEntries(withoutVariables) });
  if (problem !== undefined) throw new Error(problem);
  return checkTimeout(timeout, RUN_TIMEOUT, MAX_RUN_TIMEOUT);
}

function checkTypes(
  what: string,
  { source, backupName, tags = {}, whenMissing, provider }: FsxPipelineBackupProps,
): void {
  checkSourceClass(what, source);
  checkText(`backupName of ${what}`, backupName);
  checkProps(`tags of ${what}`, tags);
  for (const [key, value] of Object.entries(tags)) checkText(`tag "${key}" of ${what}`, value);
  if (whenMissing !== undefined && !['FAIL', 'SKIP'].includes(whenMissing)) {
    throw new Error(
      `whenMissing of ${what} is ${shown(whenMissing)}: give WhenMissing.FAIL or WhenMissing.SKIP`,
    );
  }
  const example = 'an FsxBackupProvider, or what FsxBackupProvider.fromStateMachineArn gives';
  checkCopy(`the provider of ${what}`, provider, 'FsxBackupProvider');
  checkMember(`the provider of ${what}`, provider, 'stateMachine', example);
}

/**
 * The input of a run. In JSON the last of two members of the same name counts. So the members that hold text
 * of users come first, and the others, each of them always there, cannot be replaced.
 */
export function runInput(
  scope: Construct,
  { source, backupName, tags = {}, keepLast, whenMissing }: FsxPipelineBackupProps,
  timeout: number,
): RunInput {
  const input: RunInput = {
    name: backupName,
    tags,
    source: source._inInput(),
    series: seriesOf(scope),
    timeout,
    whenMissing: whenMissing ?? 'FAIL',
    keepLast,
    version: SCHEMA_VERSION,
  };
  const { length } = JSON.stringify(Stack.of(scope).resolve(input));
  if (length <= MAX_INPUT) return input;
  throw new Error(
    `the input of "${scope.node.path}" has about ${length} characters, and CodePipeline allows ` +
      `${MAX_INPUT}: give it fewer or shorter tags, or a shorter backupName`,
  );
}

/** CodePipeline's limit for a value of an action's configuration. */
const MAX_INPUT = 1000;

/** Whose backups these are, at most 200 characters. The name of a nested stack is not known. */
function seriesOf(scope: Construct): string {
  const stack = outermost(scope);
  const path = withTagCharacters(scope.node.path.slice(stack.node.path.length + 1));
  const name = `${stack.stackName}/${path}`;
  const short = name.length <= 160 ? name : `${hashOf(name, 8)}-${name.slice(-150)}`;
  return `${stack.account}/${stack.region}/${short}`;
}

/**
 * Variables in the name and the tags of a backup that could hold any text. CodePipeline writes their values
 * into the JSON of the input as they are, so a commit message could add members to it.
 */
export function variableProblems(
  scope: Construct,
  pipeline: codepipeline.IPipeline,
  { backupName, tags = {} }: FsxPipelineBackupProps,
): string[] {
  const stack = Stack.of(scope);
  const allowed = [codepipeline.GlobalVariables.executionId, ...commitIds(stack, pipeline)];
  // a list of pairs, since a key must not hold a variable
  const texts: Array<[string, unknown]> = [['backupName', backupName], ...Object.entries(tags)];
  return texts.flatMap(([key, value]) => {
    const text = JSON.stringify(stack.resolve([value])).replace(VARIABLE, (found) =>
      allowed.includes(found) ? '' : found,
    );
    const [variable] = /#\{[^{}"]*\}?/.exec(stack.resolve(key) + text) ?? [];
    return variable === undefined
      ? []
      : [
          `${key === 'backupName' ? key : `tag "${stack.resolve(key)}"`} holds "${variable}": CodePipeline ` +
            'writes the text of a variable into the input of the backup as it is, quotes included. Use ' +
            `only ${codepipeline.GlobalVariables.executionId}, and the CommitId of a source action of this ` +
            'pipeline, in values',
        ];
  });
}

function commitIds(stack: Stack, pipeline: codepipeline.IPipeline): string[] {
  const { stages = [] } = pipeline as Partial<codepipeline.Pipeline>;
  return stages
    .flatMap(({ actions }) => actions)
    .filter(({ actionProperties: { category } }) => category === codepipeline.ActionCategory.SOURCE)
    .map(({ actionProperties }) => `#{${stack.resolve(actionProperties.variablesNamespace)}.CommitId}`);
}

/** The provider that takes the backups of a pipeline, allowed to do so as far as this app defines it. */
export function providerFor(scope: Construct, props: FsxPipelineBackupProps): IFsxBackupProvider {
  const { source, keepLast } = props;
  const provider = props.provider ?? FsxBackupProvider._for(scope, undefined);
  checkCopy(`provider of "${scope.node.path}"`, provider, 'FsxBackupProvider');
  checkReach(scope, source, provider);
  if (provider instanceof FsxBackupProvider) {
    provider.allowBackupsOf(source);
    if (keepLast !== undefined) provider.allowPruning();
  } else {
    scope.node.addValidation({ validate: () => source._validate(scope.node.root) });
  }
  return provider;
}

function checkReach(scope: Construct, source: BackupSource, provider: IFsxBackupProvider): void {
  const {
    node: { path },
  } = scope;
  if (provider instanceof FsxBackupProvider && Stage.of(provider) !== Stage.of(scope)) {
    throw new Error(
      `provider "${provider.node.path}" is defined in a stage that the pipeline of "${path}" deploys, and ` +
        'would not be there the first time: define it in a stack that is deployed before, and name it by ' +
        'FsxBackupProvider.fromStateMachineArn',
    );
  }
  const resource = source._resource;
  if (!resource) return;
  if (!source._isDeployed && Stage.of(resource) !== Stage.of(scope)) {
    throw new Error(
      `the source of "${path}" refers to "${resource.node.path}", which is in another stage, and its id ` +
        'is not known in the pipeline: use BackupSource.fromDeployed, which asks the stack for it',
    );
  }
  const stack = Stack.of(resource);
  if (source._isDeployed && stack.nestedStackParent) {
    throw new Error(
      `the source of "${path}" is "${resource.node.path}", which is in a nested stack, whose name is not ` +
        'known: define it in a stack of its own, or use BackupSource.fromFileSystemId or fromVolumeId',
    );
  }
  const { account, region } = provider.stateMachine.env;
  if (differ(account, stack.account) || differ(region, stack.region)) {
    throw new Error(
      `the source of "${path}" is in ${stack.account}/${stack.region}, and its provider is in ` +
        `${account}/${region}: define an FsxBackupProvider where the source is, in a stack that is ` +
        'deployed before, and give it as `provider`',
    );
  }
}
