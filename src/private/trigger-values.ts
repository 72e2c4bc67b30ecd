import { IResolvable, Lazy } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { BackupTrigger } from '../backup-trigger';

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
