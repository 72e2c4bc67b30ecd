import fc from 'fast-check';
import {
  type BackupModel,
  BYSTANDERS,
  HOUR,
  KINDS,
  MINUTE,
  type PlannedFault,
  type Setback,
  type SourceModel,
  SOURCES,
  TRIGGERS,
  type Visitor,
  type Weather,
} from './model';
import type { Fault } from '../../sandbox';

/*
 * The parts of random runs. The simplest value comes first in each arbitrary, since fast-check shrinks
 * towards it.
 */

export const rarely = <T>(arbitrary: fc.Arbitrary<T>, oneIn: number) =>
  fc.option(arbitrary, { nil: undefined, freq: oneIn - 1 });
export const oftenFalse = (oneIn: number) => fc.nat(oneIn - 1).map((n) => n === oneIn - 1);
export const oftenTrue = (oneIn: number) => fc.nat(oneIn - 1).map((n) => n < oneIn - 1);
/** from the beginning of a step: while file systems are made, backups run, things are cleaned up */
export const moment = fc.constantFrom(
  0,
  2_000,
  8_000,
  20_000,
  45_000,
  2 * MINUTE,
  5 * MINUTE,
  11 * MINUTE,
  14 * MINUTE,
  30 * MINUTE,
  70 * MINUTE,
);

export const source = fc.record<SourceModel>({
  isDefined: fc.constant(true),
  kind: fc.constantFrom(...KINDS),
  size: fc.constantFrom(1, 2),
  key: fc.constant(1),
  tag: fc.constant('a'),
  copiesTags: fc.boolean(),
  hasFinalBackup: oftenFalse(3),
});

/** One property of it. */
function oneOf<T extends object>(choices: { [K in keyof T]?: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.oneof(
    ...Object.entries<fc.Arbitrary<any>>(choices as any).map(([name, value]) =>
      value.map((to) => ({ [name]: to }) as Partial<T>),
    ),
  );
}

export const sourceChange = oneOf<SourceModel>({
  size: fc.constantFrom(1, 2, 3),
  key: fc.constantFrom(1, 2),
  tag: fc.constantFrom('a', 'b'),
  hasFinalBackup: fc.boolean(),
  isDefined: oftenTrue(3),
});
export const backupChange = oneOf<BackupModel>({
  isDefined: fc.boolean(),
  source: fc.nat(1),
  isGuard: fc.boolean(),
  triggers: fc.constantFrom(...TRIGGERS),
  removal: fc.constantFrom('RETAIN', 'DESTROY', 'keepLast 1', 'keepLast 2'),
  minutes: fc.constantFrom(60, 30, 360),
  team: fc.constantFrom('a', 'b', 'c'),
});

export const weather = fc.record<Weather>({
  backupsTake: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(MINUTE, 4_000, 30_000, 3 * MINUTE) },
    { weight: 3, arbitrary: fc.constantFrom(12 * MINUTE, 25 * MINUTE) },
    // longer than most may take, and many looks
    { weight: 2, arbitrary: fc.constantFrom(70 * MINUTE, 2 * HOUR) },
  ),
  backupsFail: oftenFalse(12),
});

export const setback: fc.Arbitrary<Setback> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('failure' as const),
      target: fc.constantFrom(...BYSTANDERS, ...SOURCES),
      after: moment,
      times: fc.constantFrom(1, 1, 1, 1, 1, 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('failed deletion' as const),
      target: fc.constantFrom(...BYSTANDERS, ...SOURCES),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), after: moment }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('destroy' as const), after: moment }) },
);

export const CALLS = [
  'fsx:CreateBackup',
  'fsx:DescribeBackups',
  'fsx:DeleteBackup',
  'fsx:TagResource',
  'fsx:UntagResource',
  'fsx:DescribeFileSystems',
  'fsx:DescribeVolumes',
  'cloudformation:DescribeStacks',
  'cloudformation:DescribeStackResource',
  'states:StartExecution',
  'states:DescribeExecution',
] as const;
const fault = (kinds: Fault['kind'][]) => fc.constantFrom(...kinds).map((kind) => ({ kind }) as Fault);
const planned = (operations: readonly string[], kinds: Fault['kind'][]) =>
  fc.record<PlannedFault>({
    operation: fc.constantFrom(...operations),
    from: fc.integer({ min: 1, max: 5 }),
    count: fc.constantFrom(1, 1, 2, 3),
    fault: fault(kinds),
  });
export const plannedFault = fc.oneof(
  { weight: 8, arbitrary: planned(CALLS, ['throttle', 'server-error', 'reset', 'lost-response', 'hang']) },
  { weight: 1, arbitrary: planned(['response:PUT'], ['throttle', 'server-error', 'reset', 'lost-response']) },
  { weight: 1, arbitrary: planned(['lambda:*'], ['throttle', 'server-error', 'lost-response']) },
);

export const visitor: fc.Arbitrary<Visitor> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('backup' as const),
      type: fc.constantFrom('AUTOMATIC', 'AWS_BACKUP', 'USER_INITIATED'),
      source: fc.nat(1),
      after: moment,
      takes: fc.constantFrom(0, MINUTE, 20 * MINUTE, 60 * MINUTE),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('copy of the newest backup' as const), after: moment }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restore from the newest backup' as const),
      after: moment,
      takes: fc.constantFrom(MINUTE, 20 * MINUTE),
    }),
  },
);
