import Table from 'cli-table3';
import {
  type Colours,
  type Entry,
  lifecycleOf,
  NARROW,
  type Recorded,
  type Sandbox,
  shownDuration,
  type Terminal,
} from '../sandbox';

/** A backup, what became of it, and what it took. */
export interface BackupSummary {
  id: string;
  name: string;
  kind: string;
  state: string;
  /** what its resource cost, all requests of CloudFormation together; none for a backup that no stack took */
  cost?: { milliseconds: number; fsxCalls: number; polls: number; invocations: number; executions: number };
}

type Of<K extends Entry['kind']> = Recorded<Extract<Entry, { kind: K }>>;

/** A request of CloudFormation that ended at a backup, and what happened meanwhile. */
interface Handled {
  request: Of<'request'>;
  response: Of<'response'>;
  meanwhile: Recorded[];
}

/** Every backup that a stack took, and then those that exist otherwise. */
export function backupSummaries(sandbox: Sandbox): BackupSummary[] {
  const creations = sandbox.journal.calls('fsx:CreateBackup').filter((call) => call.outcome === 'ok');
  const taken = new Map(creations.map((call) => [call.output.Backup.BackupId as string, call]));
  const handled = handledRequests(sandbox);
  const others = [...sandbox.fsx.backups.values()].filter((backup) => !taken.has(backup.id));
  const own = [...taken].map(([id, call]) => ({
    id,
    name: valueOf(call.input.Tags, 'Name') ?? '',
    kind: call.output.Backup.FileSystem?.FileSystemType ?? 'ONTAP',
    state: stateOf(sandbox, id, call),
    cost: costOf(call, handled),
  }));
  return [
    ...own.sort((a, b) => a.name.localeCompare(b.name)),
    ...others.map(({ id, type, source }) => ({
      id,
      name: `of no stack, ${type}`,
      kind: source.fileSystemType,
      state: stateOf(sandbox, id),
    })),
  ];
}

export function summaryTable(
  summaries: BackupSummary[],
  { colours, columns }: Pick<Terminal, 'colours' | 'columns'>,
): string {
  const shown = <T>(row: T[]) => (columns < NARROW ? row.slice(0, 4) : row);
  const head = ['backup', 'of', 'now', 'took', 'FSx calls', 'polls', 'Lambda', 'executions'].map((title) =>
    colours.bold(title),
  );
  const table = new Table({ head: shown(head), style: { head: [], border: [] } });
  for (const { id, name, kind, state, cost } of summaries) {
    const figures = cost
      ? [shownDuration(cost.milliseconds), cost.fsxCalls, cost.polls, cost.invocations, cost.executions]
      : Array(5).fill('');
    const right = figures.map((content) => ({ content, hAlign: 'right' as const }));
    table.push(shown([`${name}\n${colours.dim(id)}`, kind, colourOf(state, colours)(state), ...right]));
  }
  return table.toString();
}

function stateOf({ fsx, cloudFormation, clock }: Sandbox, id: string, creation?: Of<'call'>): string {
  const backup = fsx.backups.get(id);
  if (!backup) return 'deleted';
  const lifecycle = lifecycleOf(backup, clock.now());
  const stackId = valueOf(creation?.input.Tags, 'cdk-fsx-backup:stack-id');
  const isOrphan = stackId !== undefined && cloudFormation.stack(stackId).status === 'DELETE_COMPLETE';
  return isOrphan ? `${lifecycle},\nstack deleted` : lifecycle;
}

function costOf(creation: Of<'call'>, handled: Handled[]): BackupSummary['cost'] {
  const { input } = creation;
  const ids: string[] = [creation.output.Backup.BackupId, input.FileSystemId ?? input.VolumeId];
  const own = handled.filter(
    (one) =>
      one.response.body.PhysicalResourceId === ids[0] ||
      isContinuationOf(ids[0], one) ||
      isFinalFor(creation, one),
  );
  const entries = own.flatMap(({ request, meanwhile }) =>
    meanwhile.filter((entry) => isAbout(entry, request, ids)),
  );
  const calls = entries
    .filter((entry): entry is Of<'call'> => entry.kind === 'call')
    .map(({ operation }) => operation);
  return {
    milliseconds: own.reduce((sum, { request, response }) => sum + response.at - request.at, 0),
    fsxCalls: calls.filter((operation) => operation.startsWith('fsx:')).length,
    polls: calls.filter((operation) => operation === 'fsx:DescribeBackups').length,
    // the invocation that responds ends after its response
    invocations: entries.filter(({ kind }) => kind === 'invocation').length + own.length,
    executions: calls.filter((operation) => operation === 'states:StartExecution').length,
  };
}

/** A continuation has an id of its own, and names the backup that it waits for. */
function isContinuationOf(id: string, { request: { event } }: Handled): boolean {
  return event.ResourceType === 'Custom::FsxBackupContinuation' && event.ResourceProperties.BackupId === id;
}

/** The resource of a final backup has an id of its own. */
function isFinalFor(creation: Of<'call'>, { request, meanwhile }: Handled): boolean {
  const { ResourceType, StackId, LogicalResourceId } = request.event;
  const [stackId, logicalId] = ['stack-id', 'logical-id'].map((name) =>
    valueOf(creation.input.Tags, `cdk-fsx-backup:${name}`),
  );
  return (
    ResourceType === 'Custom::FsxFinalBackup' &&
    StackId === stackId &&
    LogicalResourceId === logicalId &&
    meanwhile.includes(creation)
  );
}

/**
 * A call does not tell who made it: it belongs to the request that is being handled and whose source or
 * backup it names.
 */
function isAbout(entry: Recorded, { requestId }: Of<'request'>, ids: string[]): boolean {
  if (entry.kind === 'invocation') return JSON.stringify(entry.input).includes(requestId);
  if (entry.kind !== 'call') return false;
  const input = JSON.stringify(entry.input);
  return entry.operation.startsWith('fsx:')
    ? ids.some((id) => input.includes(id))
    : input.includes(requestId);
}

function handledRequests({ journal }: Sandbox): Handled[] {
  const { entries } = journal;
  return journal.of('request').flatMap((request) => {
    const from = entries.indexOf(request);
    const isResponse = (entry: Recorded) =>
      entry.kind === 'response' && entry.requestId === request.requestId && entry.effect === 'accepted';
    const at = entries.findIndex((entry, index) => index > from && isResponse(entry));
    if (at < 0) return [];
    return [{ request, response: entries[at] as Of<'response'>, meanwhile: entries.slice(from, at) }];
  });
}

function valueOf(tags: Array<{ Key: string; Value: string }> = [], key: string): string | undefined {
  return tags.find((tag) => tag.Key === key)?.Value;
}

function colourOf(state: string, colours: Colours): (text: string) => string {
  if (state.startsWith('FAILED')) return colours.red;
  return state.startsWith('AVAILABLE') ? colours.green : colours.dim;
}
