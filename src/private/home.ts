import { CfnResource, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { dependenciesIn, isWaiting, reachedFrom } from './dependencies';
import { oncePer } from './once';
import { type RenderedTemplate, templateOf } from './rendered-template';

/** The template of a backup, the only one that the backup can refer to. */
export interface Home {
  readonly template: RenderedTemplate;
  /** What waits for a backup, and comes before this one all the same: its source, for example. */
  readonly before: ReadonlySet<string>;
}

const homesIn = oncePer((_: RenderedTemplate) => new Map<string, Home>());

/** The same for all backups that can refer to the same. */
export function homeOf(backup: IConstruct): Home {
  const template = templateOf(Stack.of(backup));
  const own = backup.node.findAll().flatMap((each) => template.ids.get(each as CfnResource) ?? []);
  const before = [...reachedFrom(own, dependenciesIn(template))].filter((id) => isWaiting(template, id));
  const known = homesIn(template);
  const key = before
    .filter((id) => !template.own.has(id))
    .sort()
    .join();
  const home = known.get(key) ?? { template, before: new Set(before) };
  known.set(key, home);
  return home;
}

/** Whether a backup may refer to a resource. If that waits for a backup, it may be a circle. */
export function isBefore({ template, before }: Home, id: string): boolean {
  return !isWaiting(template, id) || before.has(id);
}
