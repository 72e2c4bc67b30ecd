import { HOLD } from './history';
import { hostileInputs } from './hostile';
import { SOURCES, type Visitor } from './model';
import type { BackupRecord, Sandbox } from '../../sandbox';

const PERSON = 'arn:aws:iam::123456789012:role/Person';
const TAG = 'cdk-fsx-backup:';

/** Others in the account, and AWS itself: what they do while the stack is deployed. */
export class Others {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly stack: string,
  ) {}

  /** @param sources logical id of each source, by its name in the model */
  visit(visitor: Visitor, sources: Readonly<Record<string, string>>): void {
    switch (visitor.kind) {
      case 'backup':
        return this.backUp(visitor, this.physicalId(sources[SOURCES[visitor.source]]));
      case 'maintenance':
        return this.maintain(this.physicalId(sources[SOURCES[visitor.source]]), visitor.takes);
      case 'refused invocations':
        return this.sandbox.lambda.refuse(visitor.code, visitor.takes);
      case 'hostile execution':
        return void this.attack(visitor.which);
      case 'person':
        return this.act(visitor.act, visitor.which);
      case 'copy of the newest backup':
        return this.copy(this.finished().at(-1));
      case 'restore from the newest backup':
        return this.restore(this.finished().at(-1), visitor.takes);
    }
  }

  private backUp({ type, takes }: Extract<Visitor, { kind: 'backup' }>, id: string | undefined): void {
    const { fsx, clock } = this.sandbox;
    const isBusy = [...fsx.backups.values()].some(({ source, createdAt, duration }) => {
      return [source.volumeId, source.fileSystemId].includes(id) && createdAt + duration > clock.now();
    });
    if (id === undefined || isBusy) return;
    fsx.plantBackup({
      type,
      duration: takes,
      ...(id.startsWith('fsvol') ? { volumeId: id } : { fileSystemId: id }),
    });
  }

  private maintain(id: string | undefined, takes: number): void {
    const { fsx } = this.sandbox;
    if (id !== undefined) fsx.keepBusy(id.startsWith('fsvol') ? fsx.volume(id).fileSystemId : id, takes);
  }

  private act(act: 'edit' | 'untag' | 'hold' | 'delete', which: 'newest' | 'oldest'): void {
    const { people } = this.sandbox;
    const backup = which === 'newest' ? this.finished().at(-1) : this.finished()[0];
    if (!backup) return;
    if (act === 'hold') people.tag(backup.id, HOLD, 'audit');
    if (act === 'edit') people.tag(backup.id, `${TAG}generation`, 'edited');
    if (act === 'untag') people.untag(backup.id, `${TAG}${which === 'newest' ? 'generation' : 'logical-id'}`);
    if (act === 'delete') people.deleteBackup(backup.id);
  }

  private copy(newest: BackupRecord | undefined): void {
    const { fsx, clock } = this.sandbox;
    if (!newest) return;
    const id = newest.id.replace(/.{4}$/, 'c0c0');
    const arn = newest.arn.replace(newest.id, id);
    const tags = new Map(newest.tags);
    fsx.backups.set(id, { ...newest, id, arn, tags, createdAt: clock.now(), sourceBackupId: newest.id });
  }

  private restore(newest: BackupRecord | undefined, takes: number): void {
    if (!newest) return;
    newest.restoringTo = 'fs-0aaaaaaaaaaaaaaaa';
    this.sandbox.clock.setTimeout(() => {
      newest.restoringTo = undefined;
    }, takes);
  }

  /** Somebody who may start executions, and nothing else. */
  private async attack(which: number): Promise<void> {
    const { policies, stepFunctions, canary } = this.sandbox;
    const [backup] = this.finished();
    const stateMachineArn = this.runsMachine();
    if (!backup || stateMachineArn === undefined) return;
    const Statement = [{ Effect: 'Allow', Action: 'states:StartExecution', Resource: stateMachineArn }];
    await policies.putRole(PERSON, {
      trust: { Statement: [] },
      inline: { Run: { Version: '2012-10-17', Statement } },
    });
    const inputs = hostileInputs({
      stackId: backup.tags.get(`${TAG}stack-id`)!,
      logicalId: backup.tags.get(`${TAG}logical-id`)!,
      backupId: backup.id,
      stateMachineArn,
      url: canary.url('/answer'),
    });
    const input = JSON.stringify(inputs[which % inputs.length]);
    const call = { operation: 'StartExecution', principal: PERSON, input: { stateMachineArn, input } };
    await stepFunctions.api.handle(call).catch(() => undefined); // that it is refused is fine
  }

  /** The stack's finished backups, oldest first; copies are of others. */
  private finished(): BackupRecord[] {
    const { fsx, clock } = this.sandbox;
    return [...fsx.backups.values()].filter(({ tags, failure, createdAt, duration, sourceBackupId }) => {
      const isOwn = tags.get(`${TAG}stack-id`)?.split('/')[1] === this.stack;
      return isOwn && !failure && !sourceBackupId && createdAt + duration <= clock.now();
    });
  }

  private physicalId(logicalId: string | undefined): string | undefined {
    const { fsx } = this.sandbox;
    const id = logicalId === undefined ? undefined : this.resources()[logicalId]?.physicalId;
    return id !== undefined && (fsx.fileSystems.has(id) || fsx.volumes.has(id)) ? id : undefined;
  }

  /** The one that people may start; the other is called after the stack's id. */
  private runsMachine(): string | undefined {
    const machines = Object.values(this.resources()).filter(
      ({ type }) => type === 'AWS::StepFunctions::StateMachine',
    );
    return machines.find(({ physicalId }) => !physicalId?.includes(':FsxBackup-'))?.physicalId;
  }

  private resources() {
    try {
      return this.sandbox.cloudFormation.stack(this.stack).resources;
    } catch {
      return {};
    }
  }
}
