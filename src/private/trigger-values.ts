import { IResolvable, Lazy } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { checkClass } from './copies';
import { readFromTemplates } from './rendered-template';
import { checkList } from './type-checks';
import type { BackupTrigger } from '../backup-trigger';

/** @throws if one of them is no trigger */
export function checkTriggers(
  backup: IConstruct,
  triggers: readonly BackupTrigger[] | undefined,
): readonly BackupTrigger[] {
  const list = checkList('triggers', triggers);
  for (const trigger of list) {
    const example = 'a BackupTrigger, such as BackupTrigger.onValue(version)';
    checkClass(`a trigger of "${backup.node.path}"`, trigger, 'BackupTrigger', example);
  }
  return list;
}

/**
 * The values of a backup's triggers, in the same order whatever the order of the triggers. What is read from
 * the template counts when it is complete: not while CDK looks for references.
 */
export function triggerValues(backup: IConstruct, triggers: readonly BackupTrigger[]): IResolvable {
  const valuesOf = (isComplete: boolean): IResolvable =>
    Lazy.uncachedAny(
      {
        produce: (context) => {
          const isRead = isComplete && !context.preparing;
          const given = triggers.flatMap((trigger) => trigger._values(backup));
          const read = isRead ? triggers.flatMap((trigger) => trigger._read(backup)) : [];
          return [...given.map((value) => context.resolve(value) as unknown), ...read].sort((a, b) =>
            JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
          );
        },
      },
      { omitEmptyArray: true },
    );
  return readFromTemplates(valuesOf(true), valuesOf(false));
}
