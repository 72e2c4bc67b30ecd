import { Duration, Stack, Stage, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { BackupSource } from '../backup-source';
import type { FsxPipelineBackupProps } from '../fsx-backup-action';
import { FsxBackupProvider, IFsxBackupProvider } from '../fsx-backup-provider';
import { MAX_EXECUTION_TIMEOUT } from './contract';
import { checkKeepLast, checkTimeout } from './option-checks';
import { checkName, tagProblems } from './tag-checks';

/** A variable of the pipeline, which CodePipeline replaces by its value. */
const VARIABLE = /#\{[^{}]+\}/g;

/** The timeout, in seconds, of options that are valid. */
export function checkPipelineBackup({
  timeout = Duration.hours(12),
  keepLast,
  backupName,
  tags,
}: FsxPipelineBackupProps): number {
  checkKeepLast(keepLast, 'To keep all of them, leave it out');
  if (backupName !== undefined) checkName(backupName.replace(VARIABLE, 'x'));
  const withoutVariables = Object.entries(tags ?? {}).map(([key, value]) => [
    key,
    value.replace(VARIABLE, ''),
  ]);
  const [problem] = tagProblems({ Name: 'Name', ...Object.fromEntries(withoutVariables) });
  if (problem !== undefined) throw new Error(problem);
  return checkTimeout(timeout, Duration.seconds(MAX_EXECUTION_TIMEOUT));
}

/** The provider that takes the backups of a pipeline, allowed to do so as far as this app defines it. */
export function providerFor(
  scope: Construct,
  source: BackupSource,
  isPruned: boolean,
  named: IFsxBackupProvider | undefined,
): IFsxBackupProvider {
  const provider = named ?? FsxBackupProvider._for(scope, undefined);
  checkReach(scope, source, provider);
  if (provider instanceof FsxBackupProvider) {
    provider.allowBackupsOf(source);
    if (isPruned) provider.allowPruning();
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

export function differ(one: string, other: string): boolean {
  return !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
}
