import { CfnResource, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { finalBackupsOf, isGuarded } from './backups-of';
import { report } from './findings';
import { nearest } from './nesting';
import { decisionFor, placesIn, sourcesIn, tellOfNone, whyNotProtected } from './protection';
import { isDeleted, isReplaced } from './removal-policies';
import { isOtherHalf } from './source-checks';

/*
 * What a rule finds: data that a deployment can delete, and no backup. It looks when all aspects are done, as
 * a validation does.
 */

const judged = new WeakSet<CfnResource>();

export function judgeBelow(scope: IConstruct): void {
  for (const place of placesIn(scope)) {
    place.node.addValidation({ validate: () => judgeIn(place, scope) });
  }
  scope.node.addValidation({ validate: () => unjudgedIn(scope) });
}

function judgeIn(place: IConstruct, scope: IConstruct): string[] {
  const stage = stageOf(place);
  for (const source of sourcesIn(place)) {
    if (stageOf(source) === stage && source.node.scopes.includes(scope)) judge(source);
  }
  return [];
}

function stageOf(construct: IConstruct): IConstruct | undefined {
  return nearest(construct, Stage.isStage);
}

function unjudgedIn(scope: IConstruct): string[] {
  return sourcesIn(scope)
    .filter((source) => !judged.has(source) && !('noneBecause' in (decisionFor(source) ?? {})))
    .map(
      ({ node: { path } }) =>
        `the rule of "${scope.node.path || 'App'}" did not reach "${path}", which is in a stage that CDK ` +
        'synthesizes by itself: call FsxProtection.of(stage).require() in that stage',
    );
}

function judge(source: CfnResource): void {
  judged.add(source);
  if (isOtherHalf(source)) return;
  const decision = decisionFor(source);
  if (decision && 'noneBecause' in decision) return tellOfNone(source, decision.noneBecause);
  const why = whyNotProtected(source);
  if (why) return report(source, 'cdk-fsx-backup:notProtected', why);
  for (const { id, text } of findingsOf(source)) report(source, id, text);
}

interface Finding {
  readonly id: string;
  readonly text: string;
}

function findingsOf(source: CfnResource): Finding[] {
  const { path } = source.node;
  const finals = finalBackupsOf(source);
  return [
    ...(isReplaced(source) && !isGuarded(source) ? [replacedWithoutBackup(path)] : []),
    ...(isDeleted(source) && finals.length === 0 ? [deletedWithoutBackup(path)] : []),
    ...(finals.length > 1 ? [finalBackupTwice(path, finals)] : []),
  ];
}

function replacedWithoutBackup(path: string): Finding {
  return {
    id: 'cdk-fsx-backup:replacedWithoutBackup',
    text:
      `a deployment can change or replace "${path}" without a backup: add FsxBackup.beforeChangeOf, or ` +
      'FsxProtection.of(scope).add(); if its data can be lost, say why: ' +
      'FsxProtection.of(construct).none(reason)',
  };
}

function deletedWithoutBackup(path: string): Finding {
  return {
    id: 'cdk-fsx-backup:deletedWithoutBackup',
    text:
      `a deployment can delete "${path}" without a backup: add an FsxFinalBackup, or ` +
      'FsxProtection.of(scope).add(), or retain it; if its data can be lost, say why: ' +
      'FsxProtection.of(construct).none(reason)',
  };
}

function finalBackupTwice(path: string, finals: readonly IConstruct[]): Finding {
  const names = finals.map(({ node }) => `"${node.path}"`).join(' and ');
  return {
    id: 'cdk-fsx-backup:finalBackupTwice',
    text:
      `"${path}" has ${finals.length} final backups, ${names}: each of them is taken, one after the other, ` +
      'when it is deleted. Leave one of them',
  };
}
