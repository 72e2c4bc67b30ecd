import type { BackupRecord, Entry, Recorded } from '../sandbox';

/** A part of the story, and when it begins. */
export interface Chapter {
  title: string;
  /** what is deployed: `version 2` */
  label?: string;
  at: number;
}

/** The creation, update or deletion of a stack. */
export interface Operation {
  stack: string;
  kind: 'create' | 'update' | 'delete';
  from: number;
  to: number;
  /** when it began to go back */
  backFrom?: number;
  /** in the end */
  status: string;
}

/**
 * What an operation did to a backup, to data, or to what works on them; `back` is the update that takes
 * another one back.
 */
export interface Change {
  operation: Operation;
  logicalId: string;
  type: string;
  kind: 'create' | 'update' | 'delete' | 'back';
  from: number;
  to: number;
  failed: boolean;
  /** in the end */
  physicalId?: string;
}

/** A backup, from its first instant to its last. */
export interface BackupLife {
  id: string;
  /** the tag `Name`, or whose it is */
  name: string;
  /** of the stack that took it, or that has its source */
  stack?: string;
  /** the resource that took it */
  logicalId?: string;
  from: number;
  /** when it was AVAILABLE, or FAILED */
  to: number;
  failed: boolean;
  deletedAt?: number;
}

/** A change that waited for a backup. */
export interface Protection {
  backup: BackupLife;
  change: Change;
}

export interface History {
  chapters: readonly Chapter[];
  operations: Operation[];
  changes: Change[];
  /** oldest first */
  backups: BackupLife[];
  protections: Protection[];
  until: number;
}

/** What those know who were there. */
export interface Records {
  entries: readonly Recorded[];
  /** deleted ones too */
  backups: Iterable<BackupRecord>;
  chapters: readonly Chapter[];
  /** the logical ids of what a resource waits for */
  dependsOn: (stack: string, logicalId: string) => readonly string[];
  until: number;
}

type Event = Recorded<Extract<Entry, { kind: 'event' }>>;

const STACK = 'AWS::CloudFormation::Stack';
const BACKUP = 'Custom::FsxBackup';
const FINAL_BACKUP = 'Custom::FsxFinalBackup';
/** beside backups, what holds data or works on it; the rest is nobody's concern */
const NOTABLE = /^AWS::(FSx::|ECS::Service$|SSM::Parameter$)/;
const WHOSE = { AUTOMATIC: 'automatic', AWS_BACKUP: 'of AWS Backup', USER_INITIATED: "FSx's own" };

/** Make sense of the records: who changed when, and which backup protects what. */
export function historyOf({ entries, backups, chapters, dependsOn, until }: Records): History {
  const events = entries.filter((entry): entry is Event => entry.kind === 'event');
  const operations = operationsIn(events, until);
  const changes = changesIn(events, operations, until);
  const lives = [...backups]
    .map((backup) => lifeOf(backup, events, entries))
    .sort((one, other) => one.from - other.from);
  return {
    chapters,
    operations,
    changes,
    backups: lives,
    protections: protectionsIn(changes, lives, dependsOn),
    until,
  };
}

/** The part of a history that is about one stack and its backups, until nothing happens to them any more. */
export function ofStack(history: History, stack: string): History {
  const operations = history.operations.filter((operation) => operation.stack === stack);
  const changes = history.changes.filter(({ operation }) => operation.stack === stack);
  const backups = history.backups.filter((backup) => backup.stack === stack);
  const chapters = history.chapters.filter(({ at }, index) => {
    const next = history.chapters[index + 1]?.at ?? Infinity;
    return operations.some(({ from }) => from >= at && from < next);
  });
  return {
    chapters,
    operations,
    changes,
    backups,
    protections: history.protections.filter(({ change }) => changes.includes(change)),
    until: Math.max(...[...operations, ...backups].map(({ to }) => to)),
  };
}

function operationsIn(events: Event[], until: number): Operation[] {
  const operations: Operation[] = [];
  for (const { stack, status, at } of events.filter(isOfStack)) {
    const running = operations.find(
      (operation) => operation.stack === stack && operation.status.endsWith('_IN_PROGRESS'),
    );
    if (running) Object.assign(running, { status, to: status.endsWith('_IN_PROGRESS') ? until : at });
    if (running && status.includes('ROLLBACK')) running.backFrom ??= at;
    if (!running) operations.push({ stack, kind: kindOf(status), from: at, to: until, status });
  }
  return operations;
}

function changesIn(events: Event[], operations: Operation[], until: number): Change[] {
  const changes: Change[] = [];
  const running = new Map<string, Change>();
  const isNotable = ({ type }: Event) => type === BACKUP || type === FINAL_BACKUP || NOTABLE.test(type);
  for (const { stack, logicalId, type, status, physicalId, at } of events.filter(isNotable)) {
    const key = `${stack}/${logicalId}`;
    const change = running.get(key);
    if (!status.endsWith('_IN_PROGRESS')) {
      if (change) Object.assign(change, { to: at, failed: status.endsWith('_FAILED'), physicalId });
      running.delete(key);
    } else if (!change) {
      const operation = operations
        .filter((candidate) => candidate.stack === stack && candidate.from <= at)
        .at(-1)!;
      const kind = isGoingBack(operation, at) && kindOf(status) === 'update' ? 'back' : kindOf(status);
      const begun: Change = { operation, logicalId, type, kind, from: at, to: until, failed: false };
      running.set(key, begun);
      changes.push(begun);
    }
  }
  return changes;
}

function isOfStack({ type, stack, logicalId }: Event): boolean {
  return type === STACK && logicalId === stack;
}

function isGoingBack({ backFrom = Infinity }: Operation, at: number): boolean {
  return at >= backFrom;
}

function kindOf(status: string): Operation['kind'] {
  return status.startsWith('CREATE') ? 'create' : status.startsWith('DELETE') ? 'delete' : 'update';
}

function lifeOf(
  { id, type, source, tags, createdAt, duration, failure }: BackupRecord,
  events: Event[],
  entries: readonly Recorded[],
): BackupLife {
  const owners = [tags.get('cdk-fsx-backup:stack-id'), source.volumeId ?? source.fileSystemId];
  const deletion = entries.find((entry) => {
    return (
      entry.kind === 'call' &&
      entry.operation === 'fsx:DeleteBackup' &&
      entry.outcome === 'ok' &&
      entry.input.BackupId === id
    );
  });
  return {
    id,
    name: withoutTime(tags.get('Name')) ?? WHOSE[type],
    stack: owners
      .map((owner) => events.find(({ physicalId }) => owner !== undefined && physicalId === owner))
      .find(Boolean)?.stack,
    logicalId: tags.get('cdk-fsx-backup:logical-id'),
    from: createdAt,
    to: createdAt + duration,
    failed: failure !== undefined,
    deletedAt: deletion?.at,
  };
}

/**
 * A change is protected by what its resource waited for in the same operation: on the way forward by the
 * backups that it depends on, and when it is deleted by the final backups that depend on it.
 */
function protectionsIn(
  changes: Change[],
  backups: BackupLife[],
  dependsOn: Records['dependsOn'],
): Protection[] {
  return changes.flatMap((request) => {
    const backup = backupOf(request, backups);
    if (!backup) return [];
    const { stack } = request.operation;
    const waited = (change: Change) =>
      request.type === FINAL_BACKUP
        ? change.kind === 'delete' && waitsFor(stack, request.logicalId, change.logicalId, dependsOn)
        : ['create', 'update'].includes(change.kind) &&
          waitsFor(stack, change.logicalId, request.logicalId, dependsOn);
    return changes
      .filter(
        (change) => change.operation === request.operation && change.from >= backup.to && waited(change),
      )
      .map((change) => ({ backup, change }));
  });
}

/** The backup at which a request ended. */
function backupOf(
  { type, kind, physicalId, logicalId, operation, to }: Change,
  backups: BackupLife[],
): BackupLife | undefined {
  if (type === BACKUP && (kind === 'create' || kind === 'update')) {
    return backups.find(({ id }) => id === physicalId);
  }
  if (type !== FINAL_BACKUP || kind !== 'delete') return undefined;
  return backups
    .filter((backup) => backup.stack === operation.stack && backup.logicalId === logicalId && backup.to <= to)
    .at(-1);
}

function waitsFor(
  stack: string,
  logicalId: string,
  other: string,
  dependsOn: Records['dependsOn'],
  seen = new Set<string>(),
): boolean {
  if (seen.has(logicalId)) return false;
  seen.add(logicalId);
  return dependsOn(stack, logicalId).some(
    (next) => next === other || waitsFor(stack, next, other, dependsOn, seen),
  );
}

/** The name of a backup without the time that the default has, for where the time is shown otherwise. */
export function withoutTime(name: string | undefined): string | undefined {
  return name?.replace(/ \d{4}-\d\d-\d\dT\d\d:\d\dZ$/, '');
}
