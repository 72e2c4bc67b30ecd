import { CfnResource } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { BackupSource } from '../backup-source';
import type { BackupTrigger } from '../backup-trigger';

/*
 * The backups of each file system and volume that the app defines.
 */

interface Guard {
  readonly backup: IConstruct;
  readonly triggers: readonly BackupTrigger[];
}

const guards = new WeakMap<CfnResource, Guard[]>();
const finals = new WeakMap<CfnResource, IConstruct[]>();

/** @param triggers of the backup; there may be more of them later */
export function noteBackup(
  backup: IConstruct,
  { _resource, _isDeployed }: BackupSource,
  triggers: readonly BackupTrigger[],
): void {
  if (!_resource || !_isDeployed) return;
  guards.set(_resource, [...(guards.get(_resource) ?? []), { backup, triggers }]);
}

export function noteFinalBackup(backup: IConstruct, { _resource }: BackupSource): void {
  if (_resource) finals.set(_resource, [...finalBackupsOf(_resource), backup]);
}

/** Whether a backup is taken of what is deployed, before a deployment changes it. */
export function isGuarded(source: CfnResource): boolean {
  const those = (guards.get(source) ?? []).filter(({ backup }) => isInApp(backup));
  const scopes = those.flatMap(({ triggers }) => triggers).flatMap(({ _scopes = [] }) => _scopes);
  return scopes.some((scope) => source.node.scopes.includes(scope));
}

export function finalBackupsOf(source: CfnResource): readonly IConstruct[] {
  return (finals.get(source) ?? []).filter(isInApp);
}

/** It may have been removed again. */
function isInApp(construct: IConstruct): boolean {
  return construct.node.scopes.every(
    (each) => !each.node.scope || each.node.scope.node.tryFindChild(each.node.id) === each,
  );
}
