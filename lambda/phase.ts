import type { Tag } from '@aws-sdk/client-fsx';
import type { Place, Search } from './listing';
import type { Source } from './source';
import type { BackupAttributes } from '../src/private/contract';

/** What CloudFormation is told, or the run ends with. */
export type Response =
  | {
      readonly status: 'SUCCESS';
      readonly physicalId: string;
      readonly attributes?: BackupAttributes;
      /** Seconds that a running backup had run when it was continued. */
      readonly age?: number;
    }
  | { readonly status: 'FAILED'; readonly physicalId: string; readonly reason: string };

/** How a backup was at the last poll. */
export interface Seen {
  readonly lifecycle: string;
  readonly percent?: number;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
}

/** What a deployment was like when its request was first seen. */
export interface Operation {
  readonly lastUpdated?: string;
  readonly isNewStack: boolean;
}

/** A backup that a listing has found. */
export interface Found {
  readonly id: string;
  readonly createdAt: number;
  readonly isAvailable: boolean;
  readonly previous?: string;
  readonly removal?: string;
  readonly isHeld: boolean;
}

/** Which of the backups that are found are deleted. */
export type Goal =
  /** All that say DESTROY, but for this one. */
  | { readonly delete: 'all'; readonly except?: string }
  /** This one and those that were to replace it, if they say DESTROY. */
  | { readonly delete: 'attempts'; readonly of: string; readonly except?: string }
  /** The older ones, by `keepLast`. */
  | { readonly delete: 'older'; readonly keep: number; readonly held: string };

/** Where a request stands between two polls. Returned by a poll, and never mutated. */
export type Phase =
  /** What the request asks for is not known yet. */
  | { readonly phase: 'Starting' }
  /** CreateBackup is called, with the request's token and these tags, until FSx takes it. */
  | {
      readonly phase: 'Taking';
      readonly source: Source;
      readonly tags: readonly Tag[];
      readonly operation?: Operation;
      /** FSx may have taken the call, although its response is not known. */
      readonly isAsked?: boolean;
      /** FSx says that a backup runs: how far the backups of the source are listed, to see whose it is. */
      readonly listed?: Place;
    }
  | {
      readonly phase: 'Waiting';
      readonly backupId: string;
      /** Milliseconds since the epoch. */
      readonly since: number;
      readonly operation?: Operation;
      readonly seen?: Seen;
      /** Seconds that a running backup had run when it was continued. */
      readonly age?: number;
      /** The resource had the backup before the request. */
      readonly isKept?: boolean;
    }
  /** The backup has failed, and what FSx keeps of it is deleted. */
  | { readonly phase: 'DeletingFailed'; readonly backupId: string; readonly reason: string }
  /** The stack is on its way back; `to` is the backup that the resource returns to. */
  | { readonly phase: 'RollingBack'; readonly to?: string }
  /** The response is known, and backups are still to be deleted. */
  | {
      readonly phase: 'CleaningUp';
      readonly since: number;
      readonly response: Response;
      readonly goal: Goal;
      /** Whose backups are listed; those of the account, if there are none. */
      readonly sources: readonly Source[];
      readonly place?: Place;
      readonly found: readonly Found[];
      /** What is still to be deleted, once all is listed. */
      readonly doomed?: readonly string[];
      /** A failure is the response then; else it is logged. */
      readonly mustSucceed: boolean;
      /** A request that was cancelled may still start a backup: nothing found means nothing yet. */
      readonly mayGrow?: boolean;
      readonly isSecond?: boolean;
    }
  | { readonly phase: 'Responding'; readonly response: Response };

export type PhaseOf<Name extends Phase['phase']> = Extract<Phase, { phase: Name }>;

/** What the state machine carries from poll to poll. */
export interface State {
  readonly version: 1;
  readonly phase: Phase;
  /** What stands in the way at the moment, for the text of a time-out. */
  readonly obstacle?: string;
  /** A search that goes on. */
  readonly search?: Search;
  /** Since when calls are denied, in milliseconds since the epoch. */
  readonly deniedSince?: number;
  /** Polls that AWS throttled or failed, less those that it answered since. */
  readonly failedPolls?: number;
  /** How often the function failed for good, one after the other. */
  readonly crashes?: number;
  /** Nobody waits for the response any more. */
  readonly isAbandoned?: boolean;
}

/** An obstacle that is waited out, and where the request stands then. */
export class Obstacle extends Error {
  constructor(
    readonly error: Error,
    readonly phase: Phase,
  ) {
    super(error.message);
  }
}

export const BEGIN: State = { version: 1, phase: { phase: 'Starting' } };

export function respond(response: Response): PhaseOf<'Responding'> {
  return { phase: 'Responding', response };
}
