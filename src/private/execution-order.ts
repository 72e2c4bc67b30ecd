import { Annotations, Aspects, CfnResource, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { BackupSource } from '../backup-source';
import { dependenciesIn, wayFrom } from './dependencies';
import { isDeployedApart, stacksAround } from './nesting';
import { isOwn } from './own';
import { type RenderedTemplate, templateOf } from './rendered-template';
import { checkPlace } from './source-checks';
import { checkConstructs } from './type-checks';

/** A source that is named by its logical id must be in the stack of the backup. */
export function checkSource(backup: IConstruct, source: BackupSource): BackupSource {
  checkPlace('backup', backup, source);
  if (!source._isDeployed || Stack.of(source._resource!) === Stack.of(backup)) return source;
  throw new Error(
    `BackupSource.fromDeployed names "${source._resource!.node.path}", which is not in the stack of ` +
      `backup "${backup.node.path}": only its own stack can look it up. Define the backup in ` +
      `"${Stack.of(source._resource!).node.path}"`,
  );
}

/** Let these scopes wait for the backup. If one encloses the backup, that is everything else in it. */
export function executeBefore(
  backup: IConstruct,
  { _resource: source, _isDeployed }: BackupSource,
  scopes: readonly IConstruct[],
): void {
  checkConstructs(`executeBefore of "${backup.node.path}"`, scopes);
  const backwards = source && !_isDeployed && scopes.find((scope) => encloses(scope, source));
  if (backwards) {
    throw new Error(
      `"${backwards.node.path}" cannot wait for backup "${backup.node.path}": the backup refers to ` +
        `"${source.node.path}" in it, and so comes after its change. To back it up as it is before, ` +
        'use BackupSource.fromDeployed or FsxBackup.beforeChangeOf',
    );
  }
  for (const scope of scopes) {
    if (encloses(scope, backup)) forAllOthersIn(scope, backup, (other) => other.node.addDependency(backup));
    else scope.node.addDependency(backup);
    if (!encloses(scope, backup) && isDeployedApart(scope, backup)) {
      Annotations.of(backup).addWarningV2(
        'cdk-fsx-backup:executeBeforeOtherStack',
        `executeBefore names "${scope.node.path}", which is in another stack. If that stack is deployed ` +
          'later, alone, no new backup is taken before it changes: define the backup in that stack',
      );
    }
  }
}

/** Let the backup wait for these scopes. If one encloses the backup, that is everything else in it. */
export function executeAfter(backup: IConstruct, scopes: readonly IConstruct[]): void {
  checkConstructs(`executeAfter of "${backup.node.path}"`, scopes);
  for (const scope of scopes) {
    if (encloses(scope, backup)) forAllOthersIn(scope, backup, (other) => backup.node.addDependency(other));
    else backup.node.addDependency(scope);
  }
}

function encloses(scope: IConstruct, construct: IConstruct): boolean {
  return construct.node.scopes.includes(scope);
}

/** An aspect, because there may be more when the app is complete. */
function forAllOthersIn(scope: IConstruct, backup: IConstruct, act: (resource: CfnResource) => void): void {
  const around = stacksAround(backup).map((stack) => stack.nestedStackResource);
  Aspects.of(scope).add({
    visit: (construct) => {
      if (CfnResource.isCfnResource(construct) && !isOwn(construct) && !around.includes(construct)) {
        act(construct);
      }
    },
  });
}

/** A resource that the provider makes, and what it backs up, if it is named by its logical id. */
export interface Served {
  readonly resource: CfnResource;
  readonly deployed?: CfnResource;
}

/**
 * What is wrong with the order of a stack: each backup that waits for itself, since CloudFormation would
 * refuse the template. A file system that does not wait for the backup that names it by its logical id draws
 * a warning.
 */
export function checkOrder(stack: Stack, served: readonly Served[]): string[] {
  const problems: string[] = [];
  for (const around of stacksAround(stack)) {
    const template = templateOf(around);
    const waitsFor = dependenciesIn(template);
    const nested = stacksAround(stack).find((inner) => inner.nestedStackParent === around)
      ?.nestedStackResource as CfnResource | undefined;
    for (const { resource, deployed } of nested ? [{ resource: nested, deployed: undefined }] : served) {
      const id = template.ids.get(resource)!;
      const cycle = wayFrom(id, id, waitsFor);
      if (cycle) problems.push(waitsForItself(template, cycle));
      if (deployed && !wayFrom(template.ids.get(deployed)!, id, waitsFor)) warnOfDisorder(deployed, resource);
    }
  }
  return problems;
}

function waitsForItself({ ids }: RenderedTemplate, names: readonly string[]): string {
  const paths = new Map([...ids].map(([resource, id]) => [id, resource.node.path]));
  return (
    'a backup waits for itself: ' +
    `${names.map((name) => `"${paths.get(name) ?? name}"`).join(' waits for ')}. Take one of them out of ` +
    'executeBefore, executeAfter or its dependencies; to back up a file system before its own change, use ' +
    'BackupSource.fromDeployed'
  );
}

function warnOfDisorder(deployed: CfnResource, resource: CfnResource): void {
  const backup = resource.node.scope!.node.scope!;
  Annotations.of(deployed).addWarningV2(
    'cdk-fsx-backup:deployedDoesNotWait',
    `backup "${backup.node.path}" is to be taken of "${deployed.node.path}" as it is deployed, which ` +
      'may be changed or replaced first, since it does not wait for the backup: add it to executeBefore, ' +
      'or use FsxBackup.beforeChangeOf',
  );
}
