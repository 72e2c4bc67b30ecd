import { Format, MultiBar, type Options, type SingleBar } from 'cli-progress';
import pc from 'picocolors';
import { stacksOf } from './cloudformation/assembly';
import type { AssemblyOptions, StackOutcome } from './cloudformation/engine';
import type { Template } from './cloudformation/template';
import type { Entry, Recorded } from './journal';
import type { Sandbox } from './sandbox';

export type Colours = ReturnType<typeof pc.createColors>;
export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
export type StackEvent = Recorded<Extract<Entry, { kind: 'event' }>>;
type Call = Extract<Entry, { kind: 'call' }>;

export interface TerminalOptions {
  out?: Output;
  /** default: on standard output, where the environment does not say otherwise (`NO_COLOR`) */
  colours?: boolean;
  /** bars that move; default: on a terminal, unless `CI` is set */
  live?: boolean;
  /**
   * real milliseconds for which virtual time waits after whatever is shown, so that a person can follow;
   * default: 40 where bars move
   */
  pace?: number;
}

/** How a backup is getting on, as the last answer of FSx said. */
export interface Progress {
  id: string;
  name: string;
  lifecycle: string;
  /** FSx does not say of a failed one */
  percent?: number;
}

export interface Terminal {
  readonly colours: Colours;
  readonly columns: number;
  /** leave out roles, functions, networks and the like, unless they fail; the count counts them */
  brief: boolean;
  print(line?: string): void;
  /** print a text, in lines that are good to read */
  tell(text: string, colour?: (line: string) => string): void;
  deploy(directory: string, how?: AssemblyOptions): Promise<Record<string, StackOutcome>>;
  destroy(stackName: string): Promise<StackOutcome>;
}

const IN_PROGRESS = ['PENDING', 'CREATING', 'TRANSFERRING', 'COPYING'];
const BAR_SIZE = 20;
/** longer ones are cut, as the CDK CLI does */
const STATUS_WIDTH = 20;
/** Below this there is no room for everything. */
export const NARROW = 115;
/** a text with longer lines is no pleasure to read */
const TEXT_WIDTH = 120;
const UNNAMED: Record<string, string> = {
  AUTOMATIC: 'an automatic backup',
  AWS_BACKUP: 'a backup of AWS Backup',
  USER_INITIATED: 'a backup without a name',
};

/** Show what a sandbox does, as `cdk deploy` and `cdk destroy` show it. */
export function terminalOf(
  sandbox: Pick<Sandbox, 'clock' | 'journal' | 'deploy' | 'destroy'>,
  options: TerminalOptions = {},
): Terminal {
  const out = options.out ?? process.stdout;
  const live = options.live ?? (out.isTTY === true && !process.env.CI);
  const pace = options.pace ?? (live ? 40 : 0);
  const colours = pc.createColors(options.colours ?? (out === process.stdout && pc.isColorSupported));
  const columns = Math.max(80, out.columns ?? 160);
  const templates = new Map<string, Template>();
  const bars = barsOn(out, live);
  let count = { done: 0, total: undefined as number | undefined };

  const print = (line = '') => bars.above(line);
  const tell = (text: string, colour = (line: string) => line) => {
    for (const line of wrapped(text, Math.min(columns, TEXT_WIDTH))) print(colour(line));
  };
  const pause = () => {
    if (pace > 0) setTimeout(sandbox.clock.hold(), pace);
  };

  const showEvent = (event: StackEvent) => {
    const template = templates.get(event.stack);
    if (isOfStack(event) && event.status.endsWith('_IN_PROGRESS') && !event.status.includes('CLEANUP')) {
      count = {
        done: 0,
        total:
          event.status === 'CREATE_IN_PROGRESS' && template
            ? Object.keys(template.Resources).length + 1
            : undefined,
      };
    }
    if (/_(COMPLETE|SKIPPED)$/.test(event.status)) count.done++;
    if (!isWorthALine(event) || (terminal.brief && isSupporting(event))) return;
    for (const line of eventLines(event, count, template, columns, colours)) print(line);
    pause();
  };

  const refusals = new Set<string>();
  const showCall = (call: Call) => {
    if (progressIn(call).filter((progress) => bars.show(progress)).length > 0) pause();
    const refusal = `  ${call.operation}: ${call.error}`;
    if (call.outcome === 'ok' || isAnswered(call) || refusals.has(refusal)) return;
    refusals.add(refusal);
    tell(refusal, colours.yellow);
    pause();
  };

  sandbox.journal.onEntry((entry) => {
    if (entry.kind === 'event') showEvent(entry);
    if (entry.kind === 'call') showCall(entry);
  });

  const summarize = (stackName: string, outcome: StackOutcome) => {
    for (const line of summaryLines(stackName, outcome, colours)) print(line);
  };
  const terminal: Terminal = {
    colours,
    columns,
    brief: false,
    print,
    tell,
    deploy: async (directory, how) => {
      for (const { stackName, template } of stacksOf(directory)) templates.set(stackName, template);
      const outcomes = await sandbox.deploy(directory, how).finally(bars.stop);
      for (const [stackName, outcome] of Object.entries(outcomes)) summarize(stackName, outcome);
      return outcomes;
    },
    destroy: async (stackName) => {
      const outcome = await sandbox.destroy(stackName).finally(bars.stop);
      summarize(stackName, outcome);
      return outcome;
    },
  };
  return terminal;
}

/** One stack event; what went wrong is given in full, below. */
export function eventLines(
  event: StackEvent,
  { done, total }: { done: number; total?: number },
  template: Template | undefined,
  columns: number,
  colours: Colours,
): string[] {
  const { stack, status, type, reason } = event;
  const colour = colourOf(status, colours);
  const typeWidth = Math.max(
    ...Object.values(template?.Resources ?? {}).map((resource) => resource.Type.length),
    'AWS::CloudFormation::Stack'.length,
  );
  const progress = [String(done).padStart(3), total === undefined ? '' : `/${total}`].join('');
  const isWide = columns >= NARROW;
  const shownStatus = status.slice(0, STATUS_WIDTH);
  const start = [
    stack,
    progress,
    clockTime(event.at),
    shownStatus.padEnd(STATUS_WIDTH),
    ...(isWide ? [type.padEnd(typeWidth)] : []),
    '',
  ].join(' | ');
  const name = nameOf(event, template);
  const room = columns - start.length;
  const isFailure = status.endsWith('_FAILED');
  const line =
    start.replace(shownStatus, colour(shownStatus)) +
    colours.bold(name.length > room && !isFailure ? `...${name.slice(3 - room)}` : name);
  if (!reason) return [line];
  if (!isFailure && name.length + 2 + reason.length <= room) return [`${line}: ${reason}`];
  return [
    line,
    ...wrapped(reason, Math.min(columns, TEXT_WIDTH) - 6).map(
      (text) => `      ${isFailure ? colours.red(text) : text}`,
    ),
  ];
}

/** The backups that a call of FSx tells about. */
export function progressIn({ operation, outcome, output }: Call): Progress[] {
  if (outcome !== 'ok' || !['fsx:CreateBackup', 'fsx:DescribeBackups'].includes(operation)) return [];
  return (output.Backups ?? [output.Backup]).map(
    ({ BackupId: id, Lifecycle: lifecycle, ProgressPercent: percent, Tags = [], Type }: any) => {
      return {
        id,
        name: Tags.find(({ Key }: any) => Key === 'Name')?.Value ?? UNNAMED[Type],
        lifecycle,
        percent,
      };
    },
  );
}

/** Minutes and seconds, hours only if there are any. */
export function shownDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return [
    hours > 0 && `${hours} h`,
    (minutes > 0 || hours > 0) && `${minutes} min`,
    hours === 0 && `${seconds % 60} s`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** A day and a time of day, as people say it: `Mon 2 Nov 09:00`. */
export function shownDate(at: number): string {
  return new Date(at).toUTCString().replace(/^(\w+), 0?(\d+) (\w+) \d+ (\d+:\d+):.*$/, '$1 $2 $3 $4');
}

/** The text in lines of at most so many characters; a word that is longer has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + 1 + word.length <= width) {
      return [...lines.slice(0, -1), `${last} ${word}`];
    }
    return [...lines, word];
  }, []);
}

function summaryLines(
  stackName: string,
  { status, events, outputs, noChanges }: StackOutcome,
  colours: Colours,
): string[] {
  if (noChanges) return ['', `${colours.bold(stackName)}: no changes`];
  const took = shownDuration(events[events.length - 1].at - events[0].at);
  const lines = [
    '',
    `${colours.bold(stackName)}: ${colourOf(status, colours)(status)} after ${took} of virtual time`,
  ];
  if (!/^(CREATE|UPDATE)_COMPLETE$/.test(status) || Object.keys(outputs).length === 0) return lines;
  return [
    ...lines,
    '',
    'Outputs:',
    ...Object.entries(outputs).map(([name, value]) => `${stackName}.${name} = ${colours.cyan(value)}`),
  ];
}

type Shown = Required<Progress>;

/**
 * Bars at the foot of a terminal, with all other lines above them; elsewhere a line when there is something
 * new to say.
 */
function barsOn(out: Output, live: boolean) {
  const shown = new Map<string, Shown>();
  const bars = new Map<string, SingleBar>();
  let group: MultiBar | undefined;

  const stop = () => {
    group?.stop();
    group = undefined;
    bars.clear();
    shown.clear();
  };
  const above = (line: string) => {
    if (!group) return void out.write(`${line}\n`);
    group.log(`${line}\n`);
    group.update(); // one line at a time: the group clears only the first that it writes
  };
  const draw = (progress: Shown) => {
    group ??= new MultiBar({
      format: (_, __, payload) => barLine(payload),
      stream: out,
      linewrap: true,
      forceRedraw: true,
    });
    const bar = bars.get(progress.id) ?? group.create(100, 0, progress);
    bars.set(progress.id, bar);
    bar.update(progress.percent, progress);
    group.update();
    if ([...shown.values()].every(({ lifecycle }) => !IN_PROGRESS.includes(lifecycle))) stop();
  };
  /** whether there was anything new to show */
  const show = ({ percent, ...progress }: Progress): boolean => {
    const before = shown.get(progress.id);
    if (!before && !IN_PROGRESS.includes(progress.lifecycle)) return false;
    const now: Shown = { ...progress, percent: percent ?? before?.percent ?? 0 };
    if (before?.lifecycle === now.lifecycle && before.percent === now.percent) return false;
    shown.set(now.id, now);
    if (live) draw(now);
    else if (isNews(now, before)) out.write(`${barLine(now)}\n`);
    return true;
  };
  return { show, above, stop };
}

/** In a log: the beginning, the middle, the end, and every other lifecycle. */
function isNews({ lifecycle, percent }: Shown, before: Shown | undefined): boolean {
  return !before || lifecycle !== before.lifecycle || (before.percent < 50 && percent >= 50);
}

function barLine({ id, name, lifecycle, percent }: Shown): string {
  const bar = Format.BarFormat(percent / 100, {
    barsize: BAR_SIZE,
    barCompleteString: '█'.repeat(BAR_SIZE),
    barIncompleteString: '░'.repeat(BAR_SIZE),
    barGlue: '',
  } as Options);
  return `  ${bar} ${`${percent} %`.padStart(5)} ${lifecycle.padEnd(12)} ${name} (${id})`;
}

/** Whether people wait for it; of the rest it is enough to know that it is done. */
function isWorthALine({ status, type, reason }: StackEvent): boolean {
  // said before: this second event is there to tell the physical id
  if (reason === 'Resource creation Initiated') return false;
  return (
    !status.endsWith('_IN_PROGRESS') ||
    /^(Custom|AWS::FSx|AWS::CloudFormation)::|^AWS::ECS::Service$/.test(type)
  );
}

function isSupporting({ type, status }: StackEvent): boolean {
  return /^AWS::(IAM|Logs|Lambda|StepFunctions|EC2)::/.test(type) && !status.endsWith('_FAILED');
}

/** Who asks for something that is not there gets an answer: nothing was refused. */
function isAnswered({ operation, outcome }: Call): boolean {
  return outcome === 'error' && /:(Describe|List)/.test(operation);
}

/** What the CDK calls it; and what CloudFormation calls it, where somebody may have to look for it. */
function nameOf({ logicalId, status }: StackEvent, template: Template | undefined): string {
  const path: string | undefined = (template?.Resources[logicalId] as any)?.Metadata?.['aws:cdk:path'];
  if (path === undefined) return logicalId;
  const name = path.replace(/^[^/]+\//, '').replace(/(\/(Resource|Default))+$/, '');
  return name !== logicalId && status.endsWith('_FAILED') ? `${name} (${logicalId})` : name;
}

function isOfStack({ type, logicalId, stack }: StackEvent): boolean {
  return type === 'AWS::CloudFormation::Stack' && logicalId === stack;
}

function colourOf(status: string, colours: Colours): (text: string) => string {
  if (status.endsWith('_FAILED')) return colours.red;
  if (status.includes('ROLLBACK')) return colours.yellow;
  return /_(COMPLETE|SKIPPED)$/.test(status) ? colours.green : colours.cyan;
}

function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
