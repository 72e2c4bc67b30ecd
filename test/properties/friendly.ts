import fc from 'fast-check';
import {
  type AppModel,
  type BackupModel,
  BYSTANDERS,
  type Change,
  type Habits,
  HOUR,
  KINDS,
  MINUTE,
  type PlannedFault,
  type Run,
  type Setback,
  type SourceModel,
  SOURCES,
  type Step,
  type Visitor,
  type Weather,
} from './model';
import type { Fault } from '../../sandbox';

/* What is simplest comes first in each arbitrary, since that is where shrinking goes. */

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

const backup = fc.record<BackupModel>({
  isDefined: oftenTrue(3),
  source: fc.nat(1),
  isGuard: fc.boolean(),
  triggers: fc.constantFrom('none', 'service', 'value', 'both'),
  isBeforeService: fc.boolean(),
  removal: fc.constantFrom('RETAIN', 'RETAIN', 'DESTROY', 'DESTROY', 'keepLast 1', 'keepLast 2'),
  minutes: fc.constantFrom(60, 60, 60, 30, 360),
  waitUntil: fc.constantFrom('AVAILABLE', 'AVAILABLE', 'AVAILABLE', 'AVAILABLE', 'STARTED'),
  team: fc.constantFrom('a', 'b'),
});

const app = fc.record<AppModel>({
  sources: fc.array(source, { minLength: 1, maxLength: 2 }),
  backups: fc.array(backup, { minLength: 1, maxLength: 3 }),
  service: fc.constant(1),
  value: fc.constant('x'),
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
  triggers: fc.constantFrom('none', 'service', 'value', 'both'),
  removal: fc.constantFrom('RETAIN', 'DESTROY', 'keepLast 1', 'keepLast 2'),
  minutes: fc.constantFrom(60, 30, 360),
  waitUntil: fc.constantFrom('AVAILABLE', 'STARTED'),
  team: fc.constantFrom('a', 'b', 'c'),
});

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ service: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ value: fc.constantFrom('x', 'y', 'z') }) },
  { weight: 3, arbitrary: fc.record({ source: fc.nat(1), to: sourceChange }) },
  { weight: 4, arbitrary: fc.record({ backup: fc.nat(2), to: backupChange }) },
);

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
  'cloudformation:DescribeStackEvents',
  'cloudformation:DescribeStackResource',
  'states:StartExecution',
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

// Not sooner than after a quarter of an hour, when every event has been delivered twice: one that
// CloudFormation no longer waits for cannot be told from one that it waits for once the next deployment has
// begun (decisions/0003).
const step = fc.record<Step>({
  pause: fc.constantFrom(15, 60, 7 * 60, 26 * 60, 4 * 24 * 60),
  act: fc.nat(11).map((n) => (n === 11 ? 'destroy' : 'deploy')),
  changes: fc.array(change, { maxLength: 3 }),
  weather,
  setback: rarely(setback, 3),
  faults: fc.oneof(
    { withCrossShrink: true },
    fc.constant([]),
    fc.array(plannedFault, { minLength: 1, maxLength: 2 }),
  ),
  crash: rarely(fc.record({ operation: fc.constantFrom(...CALLS), nth: fc.integer({ min: 1, max: 4 }) }), 8),
  visitors: rarely(visitor, 4).map((one) => (one ? [one] : [])),
  redeliveries: rarely(fc.constantFrom(0, 1_000, 30_000, 10 * MINUTE), 5).map((one) =>
    one === undefined ? [] : [one],
  ),
  disableRollback: oftenFalse(10),
  express: fc.constant(false),
});

const habits = fc.record<Habits>({
  fsx: fc.record<Habits['fsx']>({
    tokenAfterDeletion: fc.constantFrom('existing', 'new', 'error'),
    tokenLifetime: fc.constant(Infinity),
    deletionInProgress: fc.constantFrom('deleted', 'BackupInProgress'),
    deletionOfFailed: fc.constantFrom('deleted', 'deleted', 'BadRequest'),
    filterOfMissingSource: fc.constantFrom('empty', 'error'),
    visibilityDelay: fc.constantFrom(0, 0, 20_000),
    failedBackupsVanishAfter: fc.constant(Infinity),
    volumeBackupsNeed: fc.constant('volume'),
    backupDuringVolumeUpdate: fc.constant('allowed'),
  }),
  cloudFormation: fc.record<Habits['cloudFormation']>({
    updateReplacePolicySparesNewId: fc.boolean(),
    eventsPerPage: fc.constantFrom(100, 7),
    configurationComplete: fc.constant(false),
    waitHandlesRemember: fc.constant(false),
    rollbackMovesLastUpdatedTime: fc.constant(false),
    describeStacksLag: fc.constant(0),
    cleanupShows: fc.constant('new id'),
    rollbackOrder: fc.constant('as created'),
    rollbackResolvesAgain: fc.constant(false),
    returnsFailed: fc.constant('in the end'),
    updateReplacePolicyOf: fc.constant('new template'),
    forgetsFailedIds: fc.constant(false),
    expressDisablesRollback: fc.constant(false),
  }),
  callsTake: fc.constant(0),
});

/** Runs in the setting that the first design was made for. */
export const friendlyRuns: fc.Arbitrary<Run> = fc.record<Run>({
  app,
  habits,
  steps: fc.array(step, { minLength: 2, maxLength: 7 }),
  isDestroyed: oftenTrue(4),
});
