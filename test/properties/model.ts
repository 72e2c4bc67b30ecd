import type { CloudFormationOptions, Fault, FsxOptions } from '../../sandbox';

/*
 * What a run is made of: an app, the world around it, and what happens to both. All of it is plain data, so
 * that it can be shrunk and printed.
 */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const KINDS = ['OPENZFS', 'WINDOWS', 'LUSTRE', 'ONTAP'] as const;
export const SOURCES = ['Alpha', 'Beta'] as const;
/** When another backup is taken; `token`: when a value changes that only CloudFormation knows. */
export const TRIGGERS = ['none', 'service', 'value', 'token', 'both'] as const;
/** Where a value of the template comes from: the text, or what CloudFormation knows when it deploys. */
export const ORIGINS = ['text', 'parameter', 'stored', 'resource', 'other stack', 'condition'] as const;
/** Of the whole stack, by `FsxProtection`. */
export const PROTECTIONS = ['none', 'all', 'keepLast 1'] as const;
export const BACKUPS = ['One', 'Two', 'Three'] as const;
/** Resources that are no business of the library: before, beside and after the backups. */
export const BYSTANDERS = ['Service', 'Beside', 'After'] as const;

/** A file system, or an ONTAP volume with what it is in. */
export interface SourceModel {
  readonly isDefined: boolean;
  readonly kind: (typeof KINDS)[number];
  /** changed in place */
  readonly size: number;
  /** another key makes another file system, and another volume where that is on it */
  readonly key: number;
  readonly tag: string;
  readonly copiesTags: boolean;
  readonly hasFinalBackup: boolean;
}

export interface BackupModel {
  readonly isDefined: boolean;
  readonly source: number;
  /** `FsxBackup.beforeChangeOf` the source, else a backup that refers to it */
  readonly isGuard: boolean;
  readonly triggers: (typeof TRIGGERS)[number];
  /** the service waits for it */
  readonly isBeforeService: boolean;
  readonly removal: 'RETAIN' | 'DESTROY' | 'keepLast 1' | 'keepLast 2';
  readonly minutes: 30 | 60 | 360;
  readonly team: string;
}

export interface AppModel {
  readonly sources: readonly SourceModel[];
  readonly backups: readonly BackupModel[];
  readonly service: number;
  readonly value: string;
  /** of the service's version, and of the keys */
  readonly origin: (typeof ORIGINS)[number];
  readonly protection: (typeof PROTECTIONS)[number];
}

export type Change =
  | { readonly origin: AppModel['origin'] }
  | { readonly protection: AppModel['protection'] }
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

/** What somebody else does, or AWS. */
export type Visitor =
  | {
      readonly kind: 'backup';
      readonly type: 'AUTOMATIC' | 'AWS_BACKUP' | 'USER_INITIATED';
      readonly source: number;
      readonly after: number;
      readonly takes: number;
    }
  | { readonly kind: 'copy of the newest backup'; readonly after: number }
  | { readonly kind: 'restore from the newest backup'; readonly after: number; readonly takes: number }
  /** the file system is UPDATING meanwhile */
  | { readonly kind: 'maintenance'; readonly source: number; readonly after: number; readonly takes: number }
  /** what a person does to a backup of the stack */
  | {
      readonly kind: 'person';
      readonly act: 'edit' | 'untag' | 'hold' | 'delete';
      readonly which: 'newest' | 'oldest';
      readonly after: number;
    }
  /** somebody who may start executions gives hostile input: the nth of `hostile.ts` */
  | { readonly kind: 'hostile execution'; readonly which: number; readonly after: number }
  /** Lambda runs no function meanwhile */
  | {
      readonly kind: 'refused invocations';
      readonly code: string;
      readonly after: number;
      readonly takes: number;
    };

/** One deployment, or the deletion of the stack, and all that goes with it. */
export interface Step {
  /** minutes since the step before */
  readonly pause: number;
  /** `rollback`: of a stack that a deployment without rollback has left failed; else it is deployed */
  readonly act: 'deploy' | 'destroy' | 'rollback';
  readonly changes: readonly Change[];
  readonly weather: Weather;
  readonly setback?: Setback;
  readonly faults: readonly PlannedFault[];
  readonly crash?: { readonly operation: string; readonly nth: number };
  readonly visitors: readonly Visitor[];
  /** every event is delivered again, so many milliseconds after the first time */
  readonly redeliveries: readonly number[];
  readonly disableRollback: boolean;
  /** Express mode */
  readonly express: boolean;
}

/** What AWS leaves open, as options of the sandbox. */
export interface Habits {
  readonly fsx: Pick<
    FsxOptions,
    | 'tokenAfterDeletion'
    | 'tokenLifetime'
    | 'deletionInProgress'
    | 'deletionOfFailed'
    | 'filterOfMissingSource'
    | 'visibilityDelay'
    | 'failedBackupsVanishAfter'
    | 'volumeBackupsNeed'
    | 'backupDuringVolumeUpdate'
  >;
  readonly cloudFormation: Omit<
    CloudFormationOptions,
    // not what a run decides otherwise
    | 'duration'
    | 'redeliveries'
    | 'cleanupAttempts'
    | 'ssmParameters'
    // nor what the library does not meet: it reads no events, and defines no wait conditions
    | 'eventsPerPage'
    | 'configurationComplete'
    | 'waitHandlesRemember'
  >;
  /** milliseconds that each call of FSx takes */
  readonly callsTake: number;
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
    if ('source' in change) return { ...before, sources: merged(before.sources, change.source, change.to) };
    if ('backup' in change) return { ...before, backups: merged(before.backups, change.backup, change.to) };
    return { ...before, ...change };
  }, app);
}

function merged<T>(list: readonly T[], index: number, to: Partial<T>): T[] {
  return list.map((item, at) => (at === index ? { ...item, ...to } : item));
}
