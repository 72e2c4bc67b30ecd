import type { History } from './history';
import type { Violation } from './invariant';
import {
  type AppModel,
  BACKUPS,
  type BackupModel,
  type Change,
  MINUTE,
  type PlannedFault,
  type Run,
  type Setback,
  SOURCES,
  type Step,
  type Visitor,
} from './model';
import type { Recorded } from '../../sandbox';

/* A run and what was wrong with it, for people. */

/** How much of the journal is shown around a violation: entries. */
const BEFORE = 40;
const AFTER = 10;

export function describeRun({ app, habits, steps, isDestroyed }: Run): string {
  const unusual = Object.entries({
    ...habits.fsx,
    ...habits.cloudFormation,
    'a call of FSx takes': `${habits.callsTake} ms`,
  })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
  return [
    ...describeApp(app),
    `AWS: ${unusual}`,
    ...steps.map((step, nth) => `${nth + 1}. ${describeStep(step)}`),
    isDestroyed ? 'Then the stack is destroyed, with nothing in the way.' : 'The stack stays.',
  ].join('\n');
}

function describeApp({ sources, backups, origin, protection }: AppModel): string[] {
  return [
    `values come from: ${origin}`,
    `FsxProtection of the stack: ${protection}`,
    ...sources.map(({ kind, copiesTags, hasFinalBackup }, at) => {
      return (
        `${SOURCES[at]}: ` +
        `${kind}${copiesTags ? ', copies its tags' : ''}${hasFinalBackup ? ', with a final backup' : ''}`
      );
    }),
    ...backups.map((backup, at) => `${BACKUPS[at]}: ${describeBackup(backup, sources.length)}`),
  ];
}

function describeBackup(backup: BackupModel, sources: number): string {
  const { isDefined, source, isGuard, triggers, isBeforeService, removal, minutes, team } = backup;
  return [
    `${isGuard ? 'before updates of' : 'of'} ${SOURCES[source % sources]}`,
    removal,
    `${minutes} min`,
    triggers !== 'none' && `triggers: ${triggers}`,
    isBeforeService && 'before the service',
    `team ${team}`,
    !isDefined && 'NOT YET DEFINED',
  ]
    .filter(Boolean)
    .join(', ');
}

function describeStep({
  pause,
  act,
  changes,
  weather,
  setback,
  faults,
  crash,
  visitors,
  redeliveries,
  disableRollback,
  express,
}: Step): string {
  return [
    `After ${pause} min: ${act}${act !== 'destroy' ? ` [${changes.map(describeChange).join('; ')}]` : ''}`,
    `backups take ${duration(weather.backupsTake)}${weather.backupsFail ? ' and fail' : ''}`,
    disableRollback && 'rollback disabled',
    setback && describeSetback(setback),
    ...faults.map(describeFault),
    crash && `the function crashes at ${crash.operation} ${crash.nth}`,
    express && 'Express mode',
    ...visitors.map(describeVisitor),
    redeliveries.length > 0 && `every event again after ${redeliveries.map(duration).join(', ')}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function describeChange(change: Change): string {
  if ('service' in change) return `service ${change.service}`;
  if ('value' in change) return `value ${change.value}`;
  if ('origin' in change) return `values come from: ${change.origin}`;
  if ('protection' in change) return `FsxProtection: ${change.protection}`;
  const name = 'source' in change ? SOURCES[change.source] : BACKUPS[change.backup];
  return `${name}: ${Object.entries(change.to)
    .map(([property, value]) => `${property} ${value}`)
    .join(', ')}`;
}

function describeSetback(setback: Setback): string {
  switch (setback.kind) {
    case 'failure':
      return (
        `${setback.target} fails ${duration(setback.after)} after it has ` +
        `begun${setback.times > 1 ? `, ${setback.times} times` : ''}`
      );
    case 'failed deletion':
      return `${setback.target} cannot be deleted once`;
    case 'cancel':
      return `the update is cancelled after ${duration(setback.after)}`;
    case 'destroy':
      return `a stack being created is destroyed after ${duration(setback.after)}`;
  }
}

function describeFault({ operation, from, count, fault }: PlannedFault): string {
  return `${fault.kind} at ${operation} ${from}${count > 1 ? ` to ${from + count - 1}` : ''}`;
}

function describeVisitor(visitor: Visitor): string {
  const when = `after ${duration(visitor.after)}`;
  switch (visitor.kind) {
    case 'backup':
      return (
        `${when} somebody else's backup of ${SOURCES[visitor.source]} (${visitor.type}, ` +
        `${duration(visitor.takes)})`
      );
    case 'restore from the newest backup':
      return `${when} a ${visitor.kind}, for ${duration(visitor.takes)}`;
    case 'maintenance':
      return `${when} ${SOURCES[visitor.source]} is UPDATING for ${duration(visitor.takes)}`;
    case 'person':
      return `${when} a person: ${visitor.act} the ${visitor.which} backup`;
    case 'hostile execution':
      return `${when} hostile input ${visitor.which}`;
    case 'refused invocations':
      return `${when} Lambda answers ${visitor.code} for ${duration(visitor.takes)}`;
    default:
      return `${when} a ${visitor.kind}`;
  }
}

function duration(ms: number): string {
  return ms % MINUTE === 0 && ms > 0 ? `${ms / MINUTE} min` : `${ms / 1000} s`;
}

/** The violations, and of the journal what is around the first. */
export function describeViolations(history: History, violations: readonly Violation[]): string {
  const [{ index }] = [...violations].sort((a, b) => a.index - b.index);
  const shown = history.entries.map((entry, at) => ({ entry, at })).filter(({ entry }) => isTelling(entry));
  const begin = shown.filter(({ at }) => at < index).length - BEFORE;
  return [
    ...new Set(violations.map(({ invariant, what }) => `VIOLATED: ${invariant}\n  ${what}`)),
    '',
    ...shown
      .slice(Math.max(0, begin), begin + BEFORE + AFTER)
      .map(({ entry, at }) => `${at === index ? '>' : ' '} ${describeEntry(entry)}`),
  ].join('\n');
}

function isTelling(entry: Recorded): boolean {
  if (entry.kind === 'call') {
    return !/Describe(Backups|FileSystems|Volumes)$/.test(entry.operation) || entry.outcome !== 'ok';
  }
  if (entry.kind === 'event') {
    return (
      /^(AWS::FSx|Custom|AWS::CloudFormation)/.test(entry.type) ||
      entry.type === 'AWS::SSM::Parameter' ||
      entry.status.includes('FAILED')
    );
  }
  return entry.kind === 'request' || entry.kind === 'response';
}

export function describeEntry(entry: Recorded): string {
  const time = new Date(entry.at).toISOString().slice(5, 19).replace('T', ' ');
  switch (entry.kind) {
    case 'event':
      return [time, entry.logicalId, entry.status, entry.physicalId ?? '', entry.reason ?? '']
        .join(' ')
        .slice(0, 260);
    case 'request':
      return (
        `${time} ${entry.type} of ${entry.logicalId} (${entry.event.PhysicalResourceId ?? ''}) ` +
        `${entry.requestId.slice(0, 8)}`
      );
    case 'response':
      return (
        `${time} ${entry.effect}: ${entry.body.Status} for ${entry.logicalId} ` +
        `${entry.requestId.slice(0, 8)} ${entry.body.PhysicalResourceId ?? ''} ` +
        `${entry.body.Reason ?? ''} ${entry.why ?? ''}`
      ).slice(0, 260);
    case 'call':
      return (
        `${time} ${entry.operation} ${entry.outcome} ${subjectOf(entry.input)} ` +
        `${entry.output?.Backup?.BackupId ?? entry.output?.Stacks?.[0].StackStatus ?? ''} ` +
        `${entry.error ?? ''}`
      ).slice(0, 200);
    default:
      return `${time} ${entry.kind}`;
  }
}

function subjectOf(input: any): string {
  return (
    input.BackupId ??
    input.FileSystemId ??
    input.VolumeId ??
    input.ResourceARN?.split('/').at(-1) ??
    input.BackupIds?.[0] ??
    ''
  );
}
