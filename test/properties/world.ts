import { assets, type Synthesized, synthesize } from './app';
import type { History, Operation } from './history';
import { type AppModel, changed, HOUR, MINUTE, type Run, type Setback, type Step } from './model';
import { OTHER_STACK, otherStack, parametersFrom, storedName, type Values } from './origins';
import { Others } from './others';
import type { Recorded, Sandbox } from '../../sandbox';

const CALM: Omit<Step, 'pause' | 'act'> = {
  changes: [],
  weather: { backupsTake: MINUTE, backupsFail: false },
  faults: [],
  visitors: [],
  redeliveries: [],
  disableRollback: false,
  express: false,
};
const NOTHING: Synthesized = { template: { Resources: {} }, guards: [], sources: {}, values: {} };
/** Longer than anything that the last step has started can take. */
const REST = 14 * HOUR;
/** Three backups of one source take turns, and have half an hour each. */
const QUICK = 3 * MINUTE;

/** Carry a run out in a sandbox, in a stack of its own; resolves to what happened. */
export async function carryOut(run: Run, sandbox: Sandbox, stack: string): Promise<History> {
  sandbox.journal.entries.length = 0; // it would only get longer
  const { fsx, cloudFormation, callsTake } = run.habits;
  Object.assign(sandbox.fsx.options, fsx);
  Object.assign(sandbox.cloudFormation.options, cloudFormation);
  if (usesOtherStack(run)) sandbox.cloudFormation.options.rollbackResolvesAgain = false;
  sandbox.callDuration = (operation) => (operation.startsWith('fsx:') ? callsTake : 0);

  const stage = new Stage(sandbox, stack);
  let app = run.app;
  for (const step of run.steps) {
    app = changed(app, step.changes);
    await stage.rest(step.pause * MINUTE);
    await stage.take(step, app);
  }
  if (run.isDestroyed) await stage.destroyForGood(app);
  await stage.rest(REST);
  return stage.history();
}

/**
 * Nothing can be done about it: if a rollback resolves a weak reference again [?], it leaves the backup with
 * a value that what is guarded does not have, and the next deployment takes none.
 * docs/moments.md, "What the library cannot prevent".
 */
function usesOtherStack({ app, steps }: Run): boolean {
  const changes = steps.flatMap((step) => step.changes);
  return [app, ...changes].some((one) => 'origin' in one && one.origin === 'other stack');
}

interface Began {
  /** how many entries the journal had */
  readonly entries: number;
  readonly operation: Omit<Operation, 'from' | 'outcome' | 'held'>;
  readonly step: Pick<Step, 'weather'>;
  outcome?: string;
  held: Record<string, string>;
}

class Stage {
  private readonly began: Began[] = [];
  private readonly timers: number[] = [];
  private readonly others: Others;
  private destruction?: Promise<unknown>;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly stack: string,
  ) {
    this.others = new Others(sandbox, stack);
  }

  rest(ms: number): Promise<void> {
    return this.sandbox.clock.run(this.sandbox.clock.sleep(ms));
  }

  async take(step: Step, app: AppModel): Promise<void> {
    const { sandbox } = this;
    const synthesized = step.act === 'destroy' ? NOTHING : synthesize(app, this.began.length + 1);
    const { guards, sources } = synthesized;
    if (step.act !== 'destroy') await this.giveValues(app, synthesized.values);
    this.prepare(step);
    const isUndisturbed = this.isUndisturbed(step);
    const operation = { guards, isUndisturbed };
    const began: Began = { entries: sandbox.journal.entries.length, operation, step, held: {} };
    this.began.push(began);
    for (const visitor of step.visitors) this.later(visitor.after, () => this.others.visit(visitor, sources));
    if (step.setback) this.plan(step.setback, sources);
    began.outcome = await sandbox.clock.run(this.act(step, app, synthesized));
    for (const timer of this.timers.splice(0)) sandbox.clock.clearTimeout(timer);
    if (this.destruction) await sandbox.clock.run(this.destruction);
    this.destruction = undefined;
    began.held = this.held();
  }

  /** With nothing in the way; more than once, as what an earlier step has started may still be. */
  async destroyForGood(app: AppModel): Promise<void> {
    for (let attempt = 1; attempt <= 3 && this.status() !== 'DELETE_COMPLETE'; attempt++) {
      await this.rest(attempt === 1 ? HOUR : REST);
      await this.take({ ...CALM, act: 'destroy', pause: 0 }, app);
    }
  }

  history(): History {
    const { journal } = this.sandbox;
    const ids = stackIds(journal.entries, this.stack);
    const isOwn = (entry: Recorded) => isOf(entry, this.stack, ids);
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
      operations: this.began.map(({ entries, operation, outcome, held }) => {
        return { from: journal.entries.slice(0, entries).filter(isOwn).length, ...operation, outcome, held };
      }),
      ends,
    };
  }

  private prepare({ weather, faults, crash, redeliveries }: Step): void {
    const { sandbox } = this;
    sandbox.faults.clear();
    for (const { operation, from, count, fault } of faults) {
      sandbox.faults.add(operation, { from, to: from + count - 1 }, fault);
    }
    sandbox.lambda.crashAfter(crash?.operation ?? 'no call', crash?.nth);
    sandbox.cloudFormation.failures.clear();
    sandbox.cloudFormation.options.redeliveries = redeliveries;
    sandbox.fsx.options.backupDuration = () => weather.backupsTake;
    sandbox.fsx.options.fail = () => (weather.backupsFail ? 'failed for the test' : undefined);
  }

  /** Where the values of the app come from, something else is changed first. */
  private async giveValues({ origin }: AppModel, values: Values): Promise<void> {
    const { clock, cloudFormation } = this.sandbox;
    cloudFormation.failures.clear();
    for (const [id, text] of Object.entries(values)) cloudFormation.ssm.set(storedName(id), text);
    if (origin !== 'other stack') return;
    await clock.run(cloudFormation.deploy({ template: otherStack(values), stackName: OTHER_STACK, assets }));
  }

  private async act(step: Step, app: AppModel, synthesized: Synthesized): Promise<string> {
    if (step.act === 'destroy') return this.destroy();
    const { cloudFormation } = this.sandbox;
    if (step.act === 'rollback' && /^(CREATE|UPDATE)_FAILED$/.test(this.status())) {
      return (await cloudFormation.rollbackStack(this.stack)).status;
    }
    return this.deploy(app, synthesized, step);
  }

  private async deploy(
    { origin }: AppModel,
    { template, values }: Synthesized,
    { disableRollback, express }: Pick<Step, 'disableRollback' | 'express'>,
  ): Promise<string> {
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
      parameters: parametersFrom(origin, values),
      // Without --no-rollback nothing is said of it, so that Express mode may have its own mind.
      disableRollback: disableRollback || undefined,
      express,
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
  private isUndisturbed({ weather, setback, faults, crash, visitors, disableRollback }: Step): boolean {
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
      visitors.length === 0 &&
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

  /** The physical ids of the backup resources. */
  private held(): Record<string, string> {
    if (this.status() === 'none') return {};
    const { resources } = this.sandbox.cloudFormation.stack(this.stack);
    const backups = Object.values(resources).filter(
      ({ type, status }) => type === 'Custom::FsxBackup' && !/^DELETE_(COMPLETE|SKIPPED)$/.test(status),
    );
    return Object.fromEntries(backups.map(({ logicalId, physicalId = '' }) => [logicalId, physicalId]));
  }
}

/** The UUIDs at the end of its ids. It may have been created several times. */
function stackIds(entries: readonly Recorded[], stack: string): string[] {
  const ids = entries.flatMap((entry) => {
    const isOwn = entry.kind === 'event' && entry.stack === stack && entry.logicalId === stack;
    return isOwn && entry.physicalId ? [entry.physicalId.split('/')[2]] : [];
  });
  return [...new Set(ids)];
}

/**
 * Names and roles that CloudFormation makes up begin with the name of the stack. The state machine that
 * responds to it is named after the stack's id.
 */
function isOf(entry: Recorded, stack: string, ids: readonly string[]): boolean {
  switch (entry.kind) {
    case 'call':
      return entry.principal.includes(`/${stack}-`);
    case 'log':
    case 'invocation':
      return entry.functionName.startsWith(`${stack}-`);
    case 'action':
      return entry.pipeline.startsWith(`${stack}-`);
    case 'execution':
      return [`${stack}-`, ...ids.map((id) => `FsxBackup-${id}-`)].some((prefix) => {
        return entry.stateMachine.startsWith(prefix);
      });
    case 'person':
    case 'stray':
      return true;
    default:
      return entry.stack === stack;
  }
}
