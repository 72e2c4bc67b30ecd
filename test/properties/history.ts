import { createHash } from 'node:crypto';
import type { Guard } from './app';
import type { Entry, Recorded } from '../../sandbox';

/*
 * What happened in a run, and what follows from it: who asked for what, which backup came of it, and what
 * became of that. The invariants speak of this.
 */

/** One step of a run: a deployment, or a deletion of the stack. */
export interface Operation {
  /** the first of its entries */
  readonly from: number;
  readonly guards: readonly Guard[];
  /** nothing was in its way: it has to succeed, and `outcome` says whether it did */
  readonly isUndisturbed: boolean;
  readonly outcome?: string;
  /** at its end: the physical ids of the backup resources, by their logical ids */
  readonly held: Readonly<Record<string, string>>;
}

export interface History {
  /** name of the stack that all of it is about; it may have been created several times */
  readonly stack: string;
  /** what the journal has of it, in the order in which it happened */
  readonly entries: readonly Recorded[];
  readonly operations: readonly Operation[];
  /** the end of each backup that somebody started, if nobody deletes it before */
  readonly ends: ReadonlyMap<string, { readonly at: number; readonly as: 'AVAILABLE' | 'FAILED' }>;
}

/** Something, and its place in the order of things. */
export type Placed<K extends Entry['kind']> = Recorded<Extract<Entry, { kind: K }>> & {
  readonly index: number;
};

export interface Request extends Placed<'request'> {
  /** the answer that took effect */
  answer?: Placed<'response'>;
  /** when CloudFormation stopped waiting for it: answered, cancelled or timed out */
  end?: Placed<'response'> | Placed<'event'>;
  /**
   * it takes a failed change back: in a rollback of the stack, or of this resource alone where the stack's is
   * disabled
   */
  isWayBack: boolean;
}

/** A backup that was started by the stack. */
export interface Backup {
  readonly id: string;
  /** the call of CreateBackup that made it */
  readonly call: Placed<'call'>;
  readonly at: number;
  readonly index: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly logicalId: string;
  /** stack id and logical id */
  readonly resource: string;
  /** stack id, logical id and generation */
  readonly identity: string;
  readonly source: string;
  readonly end: { readonly at: number; readonly as: 'AVAILABLE' | 'FAILED' };
  /** undefined where its token belongs to none */
  readonly request?: Request;
  /** by the library */
  deleted?: Placed<'call'>;
  /** by a person: the index of the entry */
  readonly removed?: number;
}

/** What a person did to a backup of the stack. */
export interface Act {
  readonly at: number;
  readonly index: number;
  readonly act: 'edit' | 'untag' | 'hold' | 'delete';
  readonly backupId: string;
}

export interface Facts extends History {
  readonly requests: readonly Request[];
  readonly backups: readonly Backup[];
  readonly people: readonly Act[];
  readonly stackEvents: readonly Placed<'event'>[];
  of<K extends Entry['kind']>(kind: K): Placed<K>[];
  stackStatus(index: number): string;
  operation(index: number): Operation;
}

/** A stack whose last operation is over, and left nothing half done. */
export const STABLE = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'];

const STACK = 'AWS::CloudFormation::Stack';
const TAG = 'cdk-fsx-backup:';

export function factsOf(history: History): Facts {
  const placed = history.entries.map((entry, index) => ({ ...entry, index }));
  const kinds = [...new Set(placed.map(({ kind }) => kind))];
  const byKind = new Map(kinds.map((kind) => [kind, placed.filter((entry) => entry.kind === kind)]));
  const of = <K extends Entry['kind']>(kind: K) => (byKind.get(kind) ?? []) as unknown as Placed<K>[];
  const stackEvents = of('event').filter(({ type }) => type === STACK);
  const stackStatus = (index: number) =>
    stackEvents.filter((event) => event.index <= index).at(-1)?.status ?? 'none';
  const requests = requestsIn(history, of('request'), of('response'), of('event'), stackStatus);
  const people = of('person').map(actOf);
  return {
    ...history,
    of,
    stackEvents,
    stackStatus,
    requests,
    backups: backupsIn(history, of('call'), requests, people),
    people,
    operation: (index) => history.operations.filter(({ from }) => from <= index).at(-1)!,
  };
}

function requestsIn(
  { operations }: History,
  sent: Placed<'request'>[],
  responses: Placed<'response'>[],
  events: Placed<'event'>[],
  stackStatus: (index: number) => string,
): Request[] {
  return sent.map((request) => {
    const next =
      sent.find(({ index, logicalId }) => index > request.index && logicalId === request.logicalId)?.index ??
      Infinity;
    const answer = responses.find(
      ({ requestId, effect }) => requestId === request.requestId && effect === 'accepted',
    );
    const given = events.find(({ index, logicalId, status }) => {
      return (
        logicalId === request.logicalId && index > request.index && index < next && status.endsWith('FAILED')
      );
    });
    const [end] = [answer, given]
      .filter((candidate) => candidate !== undefined)
      .sort((a, b) => a.index - b.index);
    const { from } = operations.filter((operation) => operation.from <= request.index).at(-1)!;
    const hasFailed = events.some(({ index, logicalId, status }) => {
      return (
        logicalId === request.logicalId &&
        status === 'UPDATE_FAILED' &&
        index >= from &&
        index < request.index
      );
    });
    return {
      ...request,
      answer,
      end,
      isWayBack: stackStatus(request.index).includes('ROLLBACK') || (request.type === 'Update' && hasFailed),
    };
  });
}

/** Every call that was carried out, heard of or not. */
export function wasCarriedOut({ outcome, output }: Placed<'call'>): boolean {
  return outcome === 'ok' || output !== undefined;
}

function backupsIn(
  { ends }: History,
  calls: Placed<'call'>[],
  requests: Request[],
  people: readonly Act[],
): Backup[] {
  const requestOf = new Map(requests.map((request) => [tokenOf(request), request]));
  const backups = new Map<string, Backup>();
  for (const call of calls.filter(wasCarriedOut)) {
    const { operation, input, output, at, index } = call;
    if (operation === 'fsx:CreateBackup' && !backups.has(output.Backup.BackupId)) {
      const { BackupId: id, Tags = [] } = output.Backup;
      const tags = new Map<string, string>(Tags.map(({ Key, Value }: any) => [Key, Value]));
      const logicalId = tags.get(`${TAG}logical-id`) ?? '';
      const valuesOf = (...names: string[]) => JSON.stringify(names.map((name) => tags.get(TAG + name)));
      const resource = valuesOf('stack-id', 'logical-id');
      const identity = valuesOf('stack-id', 'logical-id', 'generation');
      const source = input.VolumeId ?? input.FileSystemId;
      const request = requestOf.get(input.ClientRequestToken);
      backups.set(id, {
        id,
        call,
        at,
        index,
        tags,
        logicalId,
        resource,
        identity,
        source,
        end: ends.get(id)!,
        request,
        removed: people.find(({ act, backupId }) => act === 'delete' && backupId === id)?.index,
      });
    }
    const deleted = operation === 'fsx:DeleteBackup' ? backups.get(input.BackupId) : undefined;
    if (deleted) deleted.deleted ??= call;
  }
  return [...backups.values()];
}

/** The tag with which a person keeps a backup from being deleted. */
export const HOLD = `${TAG}hold`;

function actOf({ at, index, act, backupId, key }: Placed<'person'>): Act {
  if (act === 'delete') return { at, index, act, backupId };
  if (act === 'untag') return { at, index, act, backupId };
  return { at, index, act: key === HOLD ? 'hold' : 'edit', backupId };
}

/**
 * The token says whose backup it is, and is the same for each delivery of a request. Written down here once
 * more, on purpose.
 */
export function tokenOf({
  logicalId,
  requestId,
  event: { StackId },
}: Pick<Request, 'logicalId' | 'requestId' | 'event'>): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([StackId, logicalId, requestId]))
    .digest('hex')
    .slice(0, 20);
  return `${StackId.split('/')[1].slice(0, 22)}.${logicalId.slice(0, 18)}.${digest}`;
}

/** What would be backed up, and when again: requests that agree in this ask for the same backup. */
export function wishOf({ event: { ResourceProperties: properties } }: Pick<Request, 'event'>): string {
  const { FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume, Triggers = [] } = properties;
  return JSON.stringify([FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume, [...Triggers].sort()]);
}

/** An Update of tags and options alone keeps the backup. */
export function wantsAnother({ type, event }: Request): boolean {
  const { OldResourceProperties: ResourceProperties } = event;
  return type === 'Create' || wishOf({ event }) !== wishOf({ event: { ResourceProperties } });
}

export function policyOf({
  event: {
    ResourceProperties: { RemovalPolicy, KeepLast },
  },
}: Pick<Request, 'event'>): 'RETAIN' | 'DESTROY' | number {
  return KeepLast === undefined ? RemovalPolicy : Number(KeepLast);
}

/** Whether it was there at that point, and finished well. */
export function isAvailable(backup: Backup, { at, index }: { at: number; index: number }): boolean {
  return (
    backup.index < index && backup.end.as === 'AVAILABLE' && backup.end.at <= at && !isDeleted(backup, index)
  );
}

export function isRunning(backup: Backup, { at, index }: { at: number; index: number }): boolean {
  return backup.index < index && backup.end.at > at && !isDeleted(backup, index);
}

/** [?] FSx may have forgotten its token by then. */
export function hasFailedBy({ end }: Backup, at: number): boolean {
  return end.as === 'FAILED' && end.at <= at;
}

export function isDeleted({ deleted, removed }: Backup, index: number): boolean {
  return (deleted !== undefined && deleted.index < index) || (removed !== undefined && removed < index);
}

/** The id of the last answer that CloudFormation accepted as a success. */
export function heldAt({ requests }: Facts, logicalId: string, index: number): string | undefined {
  const answered = requests.filter(({ type, answer, ...request }) => {
    return request.logicalId === logicalId && type !== 'Delete' && answer && answer.index < index;
  });
  return answered.filter(({ answer }) => answer!.body.Status === 'SUCCESS').at(-1)?.answer!.body
    .PhysicalResourceId;
}

/** CloudFormation has cancelled the request, and no longer waits for it. */
export function isCancellation(end: NonNullable<Request['end']>): boolean {
  return end.kind === 'event' && /cancelled/.test(end.reason ?? '');
}
