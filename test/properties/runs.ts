import fc from 'fast-check';
import {
  backupChange,
  CALLS,
  moment,
  oftenFalse,
  oftenTrue,
  plannedFault,
  rarely,
  setback,
  source,
  sourceChange,
  visitor,
  weather,
} from './arbitraries';
import {
  type AppModel,
  type BackupModel,
  type Change,
  type Habits,
  HOUR,
  MINUTE,
  ORIGINS,
  type PlannedFault,
  PROTECTIONS,
  type Run,
  type Step,
  TRIGGERS,
  type Visitor,
} from './model';
import type { Fault } from '../../sandbox';

/* Random runs: AWS as it may be, and an app that has much to lose. */

const backup = fc.record<BackupModel>({
  isDefined: oftenTrue(6),
  source: fc.nat(1),
  isGuard: fc.boolean(),
  triggers: fc.constantFrom(...TRIGGERS),
  isBeforeService: oftenTrue(4),
  removal: fc.constantFrom('RETAIN', 'DESTROY', 'DESTROY', 'keepLast 1', 'keepLast 2'),
  minutes: fc.constantFrom(60, 60, 60, 30, 360),
  team: fc.constantFrom('a', 'b'),
});

const app = fc.record<AppModel>({
  sources: fc.array(source, { minLength: 1, maxLength: 2 }),
  backups: fc.array(backup, { minLength: 1, maxLength: 3 }),
  service: fc.constant(1),
  value: fc.constant('x'),
  origin: fc.constantFrom(...ORIGINS),
  protection: fc.constantFrom(PROTECTIONS[0], ...PROTECTIONS),
});

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ service: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ value: fc.constantFrom('x', 'y', 'z') }) },
  { weight: 1, arbitrary: fc.record({ origin: fc.constantFrom(...ORIGINS) }) },
  { weight: 1, arbitrary: fc.record({ protection: fc.constantFrom(...PROTECTIONS) }) },
  {
    weight: 3,
    arbitrary: fc.record({ source: fc.nat(1), to: fc.record({ key: fc.constantFrom(1, 2, 3) }) }),
  },
  { weight: 2, arbitrary: fc.record({ source: fc.nat(1), to: sourceChange }) },
  { weight: 3, arbitrary: fc.record({ backup: fc.nat(2), to: backupChange }) },
);

const anyVisitor: fc.Arbitrary<Visitor> = fc.oneof(
  { weight: 3, arbitrary: visitor },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('maintenance' as const),
      source: fc.nat(1),
      after: moment,
      takes: fc.constantFrom(MINUTE, 10 * MINUTE, 20 * MINUTE),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('person' as const),
      act: fc.constantFrom('hold', 'edit', 'untag', 'delete'),
      which: fc.constantFrom('newest', 'oldest'),
      after: moment,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('hostile execution' as const),
      which: fc.nat(99),
      after: moment,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('refused invocations' as const),
      code: fc.constantFrom('TooManyRequestsException', 'ResourceNotReadyException', 'ENINotReadyException'),
      after: moment,
      takes: fc.constantFrom(30_000, 2 * MINUTE, 5 * MINUTE),
    }),
  },
);

const slowFault: fc.Arbitrary<PlannedFault> = fc.record({
  operation: fc.constantFrom('fsx:CreateBackup', 'fsx:CreateBackup', ...CALLS),
  from: fc.integer({ min: 1, max: 3 }),
  count: fc.constantFrom(1, 2),
  fault: fc.constantFrom(2_000, 5_000, 20_000).map((ms): Fault => ({ kind: 'slow', ms })),
});

const step = fc.record<Step>({
  pause: fc.constantFrom(15, 1, 5, 60, 7 * 60, 26 * 60, 4 * 24 * 60),
  act: fc.nat(23).map((n) => (n >= 22 ? 'destroy' : n >= 18 ? 'rollback' : 'deploy')),
  // The same app again, as after a failure, or another one.
  changes: fc.oneof(
    { withCrossShrink: true },
    fc.constant([]),
    fc.array(anyChange, { minLength: 1, maxLength: 3 }),
  ),
  weather,
  setback: rarely(setback, 2),
  faults: fc.oneof(
    { withCrossShrink: true },
    fc.constant([]),
    fc.array(fc.oneof({ weight: 3, arbitrary: plannedFault }, { weight: 2, arbitrary: slowFault }), {
      minLength: 1,
      maxLength: 2,
    }),
  ),
  crash: rarely(fc.record({ operation: fc.constantFrom(...CALLS), nth: fc.integer({ min: 1, max: 4 }) }), 8),
  visitors: fc.oneof(
    { withCrossShrink: true },
    fc.constant([]),
    fc.array(anyVisitor, { minLength: 1, maxLength: 2 }),
  ),
  redeliveries: fc.oneof(
    { withCrossShrink: true },
    fc.constant([]),
    fc.array(fc.constantFrom(1_000, 30_000, 200_000, 10 * MINUTE, HOUR, 5 * HOUR), {
      minLength: 1,
      maxLength: 2,
    }),
  ),
  disableRollback: oftenFalse(5),
  express: oftenFalse(6),
});

const habits = fc.record<Habits>({
  fsx: fc.record<Habits['fsx']>({
    tokenAfterDeletion: fc.constantFrom('existing', 'new', 'error'),
    tokenLifetime: fc.constantFrom(Infinity, HOUR),
    deletionInProgress: fc.constantFrom('deleted', 'BackupInProgress'),
    deletionOfFailed: fc.constantFrom('deleted', 'BadRequest'),
    filterOfMissingSource: fc.constantFrom('empty', 'error'),
    visibilityDelay: fc.constantFrom(0, 0, 20_000),
    failedBackupsVanishAfter: fc.constantFrom(Infinity, 5 * MINUTE),
    volumeBackupsNeed: fc.constantFrom('volume', 'volume', 'file system'),
    backupDuringVolumeUpdate: fc.constantFrom('allowed', 'BadRequest'),
  }),
  cloudFormation: fc.record<Habits['cloudFormation']>({
    updateReplacePolicySparesNewId: fc.boolean(),
    rollbackMovesLastUpdatedTime: fc.boolean(),
    describeStacksLag: fc.constantFrom(0, 0, 3_000, 10_000),
    cleanupShows: fc.constantFrom('new id', 'old id'),
    rollbackOrder: fc.constantFrom('as created', 'reversed'),
    rollbackResolvesAgain: fc.boolean(),
    returnsFailed: fc.constantFrom('in the end', 'at once'),
    updateReplacePolicyOf: fc.constantFrom('new template', 'old template'),
    forgetsFailedIds: fc.boolean(),
    expressDisablesRollback: fc.boolean(),
  }),
  callsTake: fc.constantFrom(0, 0, 300),
});

/** Runs in which AWS may do whatever it does not promise not to do. */
export const runs: fc.Arbitrary<Run> = fc.record<Run>({
  app,
  habits,
  steps: fc.array(step, { minLength: 3, maxLength: 7 }),
  isDestroyed: oftenTrue(4),
});
