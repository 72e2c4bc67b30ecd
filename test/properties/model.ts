import fc from 'fast-check';
import type { Fault } from '../../sandbox';

/*
 * What a run is made of: an app, the world around it, and what happens to both. All of it is plain data, so
 * that it can be shrunk and printed.
 */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const KINDS = ['OPENZFS', 'WINDOWS', 'LUSTRE', 'ONTAP'] as const;
export const SOURCES = ['Alpha', 'Beta'] as const;
export const BACKUPS = ['One', 'Two', 'Three'] as const;
/** Resources that are no business of the library: before, beside and after the backups. */
export const BYSTANDERS = ['Service', 'Beside', 'After'] as const;

/** A file system, or an ONTAP volume with what it is in. */
export interface SourceModel {
  readonly isDefined: boolean;
  readonly kind: (typeof KINDS)[number];
  /** changed in place */
  readonly size: number;
  /** another key makes another file system; not of ONTAP, where it would take the volume along */
  readonly key: number;
  readonly tag: string;
  readonly copiesTags: boolean;
  readonly hasFinalBackup: boolean;
}

export interface BackupModel {
  readonly isDefined: boolean;
  readonly source: number;
  /** `FsxBackup.beforeUpdateOf` the source, else a backup that refers to it */
  readonly isGuard: boolean;
  readonly triggers: 'none' | 'service' | 'value' | 'both';
  /** the service waits for it */
  readonly isBeforeService: boolean;
  readonly removal: 'RETAIN' | 'DESTROY' | 'keepLast 1' | 'keepLast 2';
  readonly minutes: 30 | 60 | 360;
  readonly waitUntil: 'AVAILABLE' | 'STARTED';
  readonly team: string;
}

export interface AppModel {
  readonly sources: readonly SourceModel[];
  readonly backups: readonly BackupModel[];
  readonly service: number;
  readonly value: string;
}

export type Change =
  | { readonly service: number }
  | { readonly value: string }
  | { readonly source: number; readonly to: Partial<SourceModel> }
  | { readonly backup: number; readonly to: Partial<BackupModel> };

/** How FSx treats the backups that start from now on. */
export interface Weather {
  /** milliseconds */
  readonly backupsTake: number;
  readonly backupsFail: boolean;
}

/** What goes wrong, or comes between; times are in milliseconds from the beginning of the step. */
export type Setback =
  | { readonly kind: 'failure'; readonly target: string; readonly after: number; readonly times: number }
  | { readonly kind: 'failed deletion'; readonly target: string }
  | { readonly kind: 'cancel'; readonly after: number }
  | { readonly kind: 'destroy'; readonly after: number };

export interface PlannedFault {
  readonly operation: string;
  readonly from: number;
  readonly count: number;
  readonly fault: Fault;
}

/** What somebody else does with FSx. */
export type Visitor =
  | {
      readonly kind: 'backup';
      readonly type: 'AUTOMATIC' | 'AWS_BACKUP' | 'USER_INITIATED';
      readonly source: number;
      readonly after: number;
      readonly takes: number;
    }
  | { readonly kind: 'copy of the newest backup'; readonly after: number }
  | { readonly kind: 'restore from the newest backup'; readonly after: number; readonly takes: number };

/** One deployment, or the deletion of the stack, and all that goes with it. */
export interface Step {
  /** minutes since the step before */
  readonly pause: number;
  readonly act: 'deploy' | 'destroy';
  readonly changes: readonly Change[];
  readonly weather: Weather;
  readonly setback?: Setback;
  readonly faults: readonly PlannedFault[];
  readonly crash?: { readonly operation: string; readonly nth: number };
  readonly visitor?: Visitor;
  /** every event is delivered a second time, so many milliseconds later */
  readonly redelivery?: number;
  readonly disableRollback: boolean;
}

/** What AWS leaves open. */
export interface Habits {
  readonly tokenAfterDeletion: 'existing' | 'new' | 'error';
  readonly deletionInProgress: 'deleted' | 'BackupInProgress';
  readonly deletionOfFailed: 'deleted' | 'BadRequest';
  readonly filterOfMissingSource: 'empty' | 'error';
  readonly visibilityDelay: number;
  readonly updateReplacePolicySparesNewId: boolean;
  readonly eventsPerPage: number;
}

export interface Run {
  readonly app: AppModel;
  readonly habits: Habits;
  readonly steps: readonly Step[];
  /** in the end, with nothing in the way */
  readonly isDestroyed: boolean;
}

export function changed(app: AppModel, changes: readonly Change[]): AppModel {
  return changes.reduce<AppModel>((before, change) => {
    if ('service' in change || 'value' in change) return { ...before, ...change };
    if ('source' in change) return { ...before, sources: merged(before.sources, change.source, change.to) };
    return { ...before, backups: merged(before.backups, change.backup, change.to) };
  }, app);
}

function merged<T>(list: readonly T[], index: number, to: Partial<T>): T[] {
  return list.map((item, at) => (at === index ? { ...item, ...to } : item));
}

// ---- arbitraries: what is simplest comes first, since that is where shrinking goes

const rarely = <T>(arbitrary: fc.Arbitrary<T>, oneIn: number) =>
  fc.option(arbitrary, { nil: undefined, freq: oneIn - 1 });
const oftenFalse = (oneIn: number) => fc.nat(oneIn - 1).map((n) => n === oneIn - 1);
const oftenTrue = (oneIn: number) => fc.nat(oneIn - 1).map((n) => n < oneIn - 1);
/** from the beginning of a step: while file systems are made, backups run, things are cleaned up */
const moment = fc.constantFrom(
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

const source = fc.record<SourceModel>({
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

const sourceChange = oneOf<SourceModel>({
  size: fc.constantFrom(1, 2, 3),
  key: fc.constantFrom(1, 2),
  tag: fc.constantFrom('a', 'b'),
  hasFinalBackup: fc.boolean(),
  isDefined: oftenTrue(3),
});
const backupChange = oneOf<BackupModel>({
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

const weather = fc.record<Weather>({
  backupsTake: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(MINUTE, 4_000, 30_000, 3 * MINUTE) },
    { weight: 3, arbitrary: fc.constantFrom(12 * MINUTE, 25 * MINUTE) },
    // longer than most may take, and many looks
    { weight: 2, arbitrary: fc.constantFrom(70 * MINUTE, 2 * HOUR) },
  ),
  backupsFail: oftenFalse(12),
});

const setback: fc.Arbitrary<Setback> = fc.oneof(
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

const CALLS = [
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
const plannedFault = fc.oneof(
  { weight: 8, arbitrary: planned(CALLS, ['throttle', 'server-error', 'reset', 'lost-response', 'hang']) },
  { weight: 1, arbitrary: planned(['response:PUT'], ['throttle', 'server-error', 'reset', 'lost-response']) },
  { weight: 1, arbitrary: planned(['lambda:*'], ['throttle', 'server-error', 'lost-response']) },
);

const visitor: fc.Arbitrary<Visitor> = fc.oneof(
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
  visitor: rarely(visitor, 4),
  redelivery: rarely(fc.constantFrom(0, 1_000, 30_000, 10 * MINUTE), 5),
  disableRollback: oftenFalse(10),
});

const habits = fc.record<Habits>({
  tokenAfterDeletion: fc.constantFrom('existing', 'new', 'error'),
  deletionInProgress: fc.constantFrom('deleted', 'BackupInProgress'),
  deletionOfFailed: fc.constantFrom('deleted', 'deleted', 'BadRequest'),
  filterOfMissingSource: fc.constantFrom('empty', 'error'),
  visibilityDelay: fc.constantFrom(0, 0, 20_000),
  updateReplacePolicySparesNewId: fc.boolean(),
  eventsPerPage: fc.constantFrom(100, 7),
});

export const runs: fc.Arbitrary<Run> = fc.record<Run>({
  app,
  habits,
  steps: fc.array(step, { minLength: 2, maxLength: 7 }),
  isDestroyed: oftenTrue(4),
});
