import { IResolvable, Lazy } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { checkClass } from './copies';
import type { BackupTrigger } from '../backup-trigger';

/** @throws if one of them is no trigger */
export function checkTriggers(
  backup: IConstruct,
  triggers: readonly BackupTrigger[],
): readonly BackupTrigger[] {
  for (const trigger of triggers) {
    const example = 'a BackupTrigger, such as BackupTrigger.onValue(version)';
    checkClass(`a trigger of "${backup.node.path}"`, trigger, 'BackupTrigger', example);
  }
  return triggers;
}

/** The values of a backup's triggers, in the same order whatever the order of the triggers. */
export function triggerValues(backup: IConstruct, triggers: readonly BackupTrigger[]): IResolvable {
  let known: unknown[] | undefined;
  return Lazy.uncachedAny(
    {
      produce: (context) => {
        // CDK looks for references first. Not everything that a hash covers is in place then.
        if (context.preparing) known = undefined;
        if (known) return known;
        const values: unknown[] = triggers
          .flatMap((trigger) => trigger._values(backup, context.preparing))
          .map((value) => context.resolve(value))
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
        if (!context.preparing) known = values;
        return values;
      },
    },
    { omitEmptyArray: true },
  );
}
