import { assets, type Synthesized, synthesize } from './app';
import type { History, Operation } from './history';
import {
  type AppModel,
  changed,
  HOUR,
  MINUTE,
  type Run,
  type Setback,
  SOURCES,
  type Step,
  type Visitor,
} from './model';
import type { Recorded, Sandbox } from '../../sandbox';

const CALM: Omit<Step, 'pause' | 'act'> = {
  changes: [],
  weather: { backupsTake: MINUTE, backupsFail: false },
  faults: [],
  disableRollback: false,
};
const NOTHING: Synthesized = { template: { Resources: {} }, guards: [], sources: {} };
/** Longer than anything that the last step has started can take. */
const REST = 14 * HOUR;
/** Three backups of one source take turns, and have half an hour each. */
const QUICK = 3 * MINUTE;

/** Carry a run out in a sandbox, in a stack of its own; resolves to what happened. */
export async function carryOut(run: Run, sandbox: Sandbox, stack: string): Promise<History> {
  sandbox.journal.entries.length = 0; // it would only get longer
  Object.assign(sandbox.fsx.options, run.habits);
  const { updateReplacePolicySparesNewId, eventsPerPage } = run.habits;
  Object.assign(sandbox.cloudFormation.options, { updateReplacePolicySparesNewId, eventsPerPage });

  const stage = new Stage(sandbox, stack);
  let app = run.app;
  for (const step of run.steps) {
    app = changed(app, step.changes);
    await stage.rest(step.pause * MINUTE);
    await stage.take(step, app);
  }
  if (run.isDestroyed) await stage.destroyForGood(app);
  await stage.rest(REST);
  return stage.history({
    keepsFailed: run.habits.deletionOfFailed === 'BadRequest',
    forgetsFailed: run.habits.tokenAfterDeletion === 'new',
  });
}

interface Began {
  /** how many entries the journal had */
  readonly entries: number;
  readonly operation: Omit<Operation, 'from' | 'outcome'>;
  readonly step: Pick<Step, 'weather'>;
  outcome?: string;
}

class Stage {
  private readonly began: Began[] = [];
  private readonly timers: number[] = [];
  private readonly busy = new Set<string>();
  private destruction?: Promise<unknown>;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly stack: string,
  ) {}

  rest(ms: number): Promise<void> {
    return this.sandbox.clock.run(this.sandbox.clock.sleep(ms));
  }

  async take(step: Step, app: AppModel): Promise<void> {
    const { sandbox } = this;
    this.prepare(step);
    const isUndisturbed = this.isUndisturbed(step);
    const { template, guards, sources } =
      step.act === 'deploy' ? synthesize(app, this.began.length + 1) : NOTHING;
    const operation = { guards, disableRollback: step.disableRollback, isUndisturbed };
    const began: Began = { entries: sandbox.journal.entries.length, operation, step };
    this.began.push(began);
    if (step.visitor) this.later(step.visitor.after, () => this.visit(step.visitor!, sources));
    if (step.setback) this.plan(step.setback, sources);
    const act = async () =>
      step.act === 'destroy' ? this.destroy() : this.deploy(template, step.disableRollback);
    began.outcome = await sandbox.clock.run(act());
    for (const timer of this.timers.splice(0)) sandbox.clock.clearTimeout(timer);
    if (this.destruction) await sandbox.clock.run(this.destruction);
    this.destruction = undefined;
  }

  /** With nothing in the way; more than once, as what an earlier step has started may still be. */
  async destroyForGood(app: AppModel): Promise<void> {
    for (let attempt = 1; attempt <= 3 && this.status() !== 'DELETE_COMPLETE'; attempt++) {
      await this.rest(attempt === 1 ? HOUR : REST);
      await this.take({ ...CALM, act: 'destroy', pause: 0 }, app);
    }
  }

  history(habits: Pick<History, 'keepsFailed' | 'forgetsFailed'>): History {
    const { journal, fsx } = this.sandbox;
    const isOwn = (entry: Recorded) => isOf(entry, this.stack);
    const ends = new Map(
      this.began
        .flatMap(({ entries, step: { weather } }, nth) => {
          const until = this.began[nth + 1]?.entries;
          return journal.entries
            .slice(entries, until)
            .flatMap((entry): [string, { at: number; as: 'AVAILABLE' | 'FAILED' }][] => {
              if (
                entry.kind !== 'call' ||
                entry.operation !== 'fsx:CreateBackup' ||
                entry.output === undefined
              ) {
                return [];
              }
              const { BackupId, CreationTime } = entry.output.Backup;
              return [
                [
                  BackupId,
                  {
                    at: Math.round(CreationTime * 1000) + weather.backupsTake,
                    as: weather.backupsFail ? 'FAILED' : 'AVAILABLE',
                  },
                ],
              ];
            });
        })
        .reverse(),
    ); // the first call is the one that made it
    return {
      stack: this.stack,
      entries: journal.entries.filter(isOwn),
      operations: this.began.map(({ entries, operation, outcome }) => {
        return { from: journal.entries.slice(0, entries).filter(isOwn).length, ...operation, outcome };
      }),
      ends,
      busy: this.busy,
      left: new Set(fsx.backups.keys()),
      ...habits,
    };
  }

  private prepare({ weather, faults, crash, redelivery }: Step): void {
    const { sandbox } = this;
    sandbox.faults.clear();
    for (const { operation, from, count, fault } of faults) {
      sandbox.faults.add(operation, { from, to: from + count - 1 }, fault);
    }
    sandbox.lambda.crashAfter(crash?.operation ?? 'no call', crash?.nth);
    sandbox.cloudFormation.failures.clear();
    sandbox.cloudFormation.options.redeliveries = redelivery === undefined ? [] : [redelivery];
    sandbox.fsx.options.backupDuration = () => weather.backupsTake;
    sandbox.fsx.options.fail = () => (weather.backupsFail ? 'failed for the test' : undefined);
  }

  private async deploy(template: Synthesized['template'], disableRollback: boolean): Promise<string> {
    const { cloudFormation } = this.sandbox;
    if (/^ROLLBACK_|^DELETE_FAILED/.test(this.status())) await this.destroy();
    if (this.status() === 'UPDATE_ROLLBACK_FAILED') await cloudFormation.continueUpdateRollback(this.stack);
    if (
      !/^(none|DELETE_COMPLETE|(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE|(CREATE|UPDATE)_FAILED)$/.test(
        this.status(),
      )
    ) {
      return this.status();
    }
    const { status } = await cloudFormation.deploy({
      template,
      stackName: this.stack,
      assets,
      disableRollback,
    });
    return status;
  }

  private async destroy(): Promise<string> {
    const { cloudFormation } = this.sandbox;
    if (this.status() === 'none') return 'DELETE_COMPLETE';
    return (await cloudFormation.destroy(this.stack)).status;
  }

  private status(): string {
    try {
      return this.sandbox.cloudFormation.stack(this.stack).status;
    } catch {
      return 'none';
    }
  }

  /** Whether there is no reason for a deployment to fail. */
  private isUndisturbed({ weather, setback, faults, crash, visitor, disableRollback }: Step): boolean {
    const { clock, fsx } = this.sandbox;
    const now = clock.now();
    const isIdle = [...fsx.backups.values()].every(
      ({ createdAt, duration, restoringTo }) => createdAt + duration <= now && !restoringTo,
    );
    return (
      isIdle &&
      weather.backupsTake <= QUICK &&
      !weather.backupsFail &&
      !setback &&
      faults.length === 0 &&
      !crash &&
      !visitor &&
      !disableRollback &&
      !this.status().endsWith('FAILED')
    );
  }

  private later(after: number, act: () => void): void {
    this.timers.push(this.sandbox.clock.setTimeout(act, after));
  }

  private plan(setback: Setback, sources: Readonly<Record<string, string>>): void {
    const { cloudFormation } = this.sandbox;
    switch (setback.kind) {
      case 'failure':
      case 'failed deletion': {
        const target = sources[setback.target] ?? setback.target;
        const operations =
          setback.kind === 'failure' ? (['create', 'update'] as const) : (['delete'] as const);
        const { after, times } = setback.kind === 'failure' ? setback : { after: 0, times: 1 };
        for (const on of operations) {
          cloudFormation.failures.fail({ target, on, after, times, reason: 'failed for the test' });
        }
        return;
      }
      case 'cancel':
        return this.later(setback.after, () => {
          if (this.status() === 'UPDATE_IN_PROGRESS') cloudFormation.cancelUpdate(this.stack);
        });
      case 'destroy':
        return this.later(setback.after, () => {
          if (this.status() === 'CREATE_IN_PROGRESS') this.destruction = cloudFormation.destroy(this.stack);
        });
    }
  }

  private visit(visitor: Visitor, sources: Readonly<Record<string, string>>): void {
    const { fsx, clock } = this.sandbox;
    if (visitor.kind === 'backup') {
      const name = SOURCES[visitor.source];
      const id = this.physicalId(sources[name]);
      const isBusy = [...fsx.backups.values()].some(({ source, createdAt, duration }) => {
        return [source.volumeId, source.fileSystemId].includes(id) && createdAt + duration > clock.now();
      });
      if (id === undefined || isBusy) return;
      fsx.plantBackup({
        type: visitor.type,
        duration: visitor.takes,
        ...(id.startsWith('fsvol') ? { volumeId: id } : { fileSystemId: id }),
      });
      return;
    }
    const newest = [...fsx.backups.values()]
      .filter(({ tags, failure, createdAt, duration, sourceBackupId }) => {
        const stackId = tags.get('cdk-fsx-backup:stack-id');
        return (
          stackId?.split('/')[1] === this.stack &&
          !failure &&
          !sourceBackupId &&
          createdAt + duration <= clock.now()
        );
      })
      .at(-1);
    if (!newest) return;
    if (visitor.kind === 'copy of the newest backup') {
      const id = newest.id.replace(/.{4}$/, 'c0c0');
      const copy = {
        id,
        arn: newest.arn.replace(newest.id, id),
        tags: new Map(newest.tags),
        createdAt: clock.now(),
        sourceBackupId: newest.id,
      };
      fsx.backups.set(id, { ...newest, ...copy });
    } else {
      newest.restoringTo = 'fs-0aaaaaaaaaaaaaaaa';
      this.busy.add(newest.id);
      clock.setTimeout(() => {
        newest.restoringTo = undefined;
      }, visitor.takes);
    }
  }

  private physicalId(logicalId: string | undefined): string | undefined {
    const { fsx, cloudFormation } = this.sandbox;
    if (logicalId === undefined || this.status() === 'none') return undefined;
    const id = cloudFormation.stack(this.stack).resources[logicalId]?.physicalId;
    return id !== undefined && (fsx.fileSystems.has(id) || fsx.volumes.has(id)) ? id : undefined;
  }
}

/** Names and roles that CloudFormation makes up begin with the name of the stack. */
function isOf(entry: Recorded, stack: string): boolean {
  switch (entry.kind) {
    case 'call':
      return entry.principal.includes(`/${stack}-`);
    case 'log':
    case 'invocation':
      return entry.functionName.startsWith(`${stack}-`);
    case 'action':
      return entry.pipeline.startsWith(`${stack}-`);
    case 'execution':
      return entry.stateMachine.startsWith(`${stack}-`);
    case 'person':
    case 'stray':
      return false;
    default:
      return entry.stack === stack;
  }
}
