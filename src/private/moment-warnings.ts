import { Annotations, CfnResource, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { resourcesIn } from './changes';
import { dependenciesIn, dependentsIn, reachedFrom } from './dependencies';
import { outermost, stacksAround } from './nesting';
import { isOwn } from './own';
import { constructsOf } from './preparation';
import { type RenderedTemplate, templateOf } from './rendered-template';
import type { BackupTrigger } from '../backup-trigger';

/*
 * When a backup is taken, and what waits for it: what is almost certainly meant otherwise. Each can be
 * acknowledged.
 */

/** What was said about the moment of a backup. */
export interface Moment {
  readonly backup: IConstruct;
  /** What waits for the backup waits for this resource of it. */
  readonly last: CfnResource;
  readonly triggers: readonly BackupTrigger[];
  readonly executeBefore: readonly IConstruct[];
  readonly keepLast?: number;
}

export function warnOfMoment(moment: Moment): void {
  const { backup, executeBefore, triggers } = moment;
  const empty = executeBefore.filter(definesNothing);
  for (const scope of empty) warnOfEmpty(backup, scope);
  const [named] = executeBefore.filter((scope) => !empty.includes(scope));
  if (triggers.length === 0) return warnOfMissingTriggers(moment, named);
  // The order was meant, if the backup is to come after something.
  if (empty.length > 0 || backup.node.dependencies.some((scope) => !isOwn(scope))) return;
  warnOfOrder(moment);
}

function definesNothing(scope: IConstruct): boolean {
  return !scope.node
    .findAll()
    .some((each) => CfnResource.isCfnResource(each) && templateOf(each.stack).ids.has(each));
}

function warnOfEmpty(backup: IConstruct, scope: IConstruct): void {
  Annotations.of(backup).addWarningV2(
    'cdk-fsx-backup:executeBeforeNothing',
    `executeBefore names "${scope.node.path}", which defines no resource, so nothing of it waits for the ` +
      'backup: name the construct that defines what is deployed; what is only imported is changed elsewhere',
  );
}

function warnOfMissingTriggers({ backup, keepLast }: Moment, named: IConstruct | undefined): void {
  if (named) {
    Annotations.of(backup).addWarningV2(
      'cdk-fsx-backup:waitWithoutTriggers',
      `executeBefore names "${named.node.path || 'App'}", and there are no triggers: the first deployment ` +
        'takes a backup, and later changes take none. Add triggers, or use FsxBackup.beforeChangeOf',
    );
  }
  if (keepLast !== undefined) {
    Annotations.of(backup).addWarningV2(
      'cdk-fsx-backup:keepLastWithoutTriggers',
      `keepLast is ${keepLast}, and there are no triggers: no other backup of the same source is ever ` +
        'taken, so none is ever deleted. Add triggers, or leave keepLast out',
    );
  }
}

/** Triggers, and nothing that waits; or one thing that is watched, and another that waits. */
function warnOfOrder({ backup, last, triggers }: Moment): void {
  const watched = resourcesIn(triggers.flatMap(({ _scopes: scopes = [] }) => scopes));
  const here = waitingIn(templateOf(last.stack), last);
  if (isWaitedForElsewhere(backup)) return;
  if (here.length > 0) {
    if (triggers.every(({ _scopes: scopes }) => scopes !== undefined)) warnOfAnother(backup, watched, here);
    return;
  }
  if (watched.length === 0 && !mayChangeLater(backup, last)) return;
  Annotations.of(backup).addWarningV2(
    'cdk-fsx-backup:nothingWaits',
    'its triggers take other backups, and nothing waits for them: what is changed together with a trigger ' +
      'may be changed before the backup is taken, or meanwhile. Name it in executeBefore; if it is to be ' +
      'changed first, in executeAfter',
  );
}

/** The ids of what waits for a resource, at any distance, without the library's own. */
function waitingIn(template: RenderedTemplate, resource: CfnResource): string[] {
  const all = reachedFrom([template.ids.get(resource)!], dependentsIn(template));
  return [...all].filter((id) => !template.own.has(id) && id !== template.ids.get(resource));
}

/** Whether something in the stacks around waits for the stack of the backup, or another stack does. */
function isWaitedForElsewhere(backup: IConstruct): boolean {
  const outer = outermost(backup);
  return (
    stacksAround(backup).some(
      ({ nestedStackParent: parent, nestedStackResource: nested }) =>
        parent && waitingIn(templateOf(parent), nested as CfnResource).length > 0,
    ) ||
    constructsOf(backup.node.root).some(
      (each) => Stack.isStack(each) && each !== outer && each.dependencies.includes(outer),
    )
  );
}

/** Only if all that is watched is in the stack of the backup, or nested in it, is it sure. */
function warnOfAnother(
  backup: IConstruct,
  watched: readonly CfnResource[],
  waiting: readonly string[],
): void {
  const template = templateOf(Stack.of(backup));
  const places = watched.map((resource) => placeIn(template, resource));
  if (places.length === 0 || places.includes(undefined)) return;
  const changed = reachedFrom(places as string[], dependentsIn(template));
  if (waiting.some((id) => changed.has(id))) return;
  const paths = new Map([...template.ids].map(([resource, id]) => [id, resource.node.path]));
  Annotations.of(backup).addWarningV2(
    'cdk-fsx-backup:anotherWaits',
    `BackupTrigger.onChangeOf covers "${paths.get(places[0]!)}", which does not wait for the backup, and ` +
      `"${paths.get(waiting[0])}" does: what is covered may be changed before the backup is taken. Name it ` +
      'in executeBefore, or use FsxBackup.beforeChangeOf',
  );
}

/** The id of a resource in a template, or that of the nested stack which it is in. */
function placeIn(template: RenderedTemplate, resource: CfnResource): string | undefined {
  const around = stacksAround(resource);
  const index = around.indexOf(template.stack);
  if (index < 0) return undefined;
  return template.ids.get(index === 0 ? resource : (around[index - 1].nestedStackResource as CfnResource));
}

/** Whether something is deployed with the backup that does not come before it. */
function mayChangeLater(backup: IConstruct, last: CfnResource): boolean {
  const before = stacksAround(backup).map((stack) => {
    const template = templateOf(stack);
    const place = placeIn(template, last)!;
    return { template, place, ids: reachedFrom([place], dependenciesIn(template)) };
  });
  return resourcesIn([outermost(backup)]).some((resource) => {
    const { template, ids } = before.find(({ template: { stack } }) =>
      stacksAround(resource).includes(stack),
    )!;
    return !ids.has(placeIn(template, resource)!);
  });
}
