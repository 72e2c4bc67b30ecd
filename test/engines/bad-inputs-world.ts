import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aws_iam as iam, Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { type BackupRecord, createExisting, FunctionError } from '../../sandbox';
import { BackupSource, FsxBackup, FsxBackupProvider, FsxFinalBackup } from '../../src';
import { HOUR, synthesize, World } from '../fixtures';

const OPERATOR = 'operator';
/** The path of a URL where nobody listens. */
export const NOBODY = 'nobody';

/** What an input has led to. */
export interface Seen {
  /** What whoever invoked the function, or started the execution, got to read. */
  readonly error?: string;
  /** What CloudFormation was told. */
  readonly answers: Array<{ body: any; bytes: number }>;
  /** Calls of AWS by the function, of which each refused input must have none. */
  readonly calls: string[];
  /** in virtual time */
  readonly hours: number;
  /** Backups that are new, gone or changed. */
  readonly touched: string[];
  readonly log: string;
}

/** A deployed engine with all permissions that it can have, and backups of others that look like its own. */
export class Target {
  static async begin(): Promise<Target> {
    const directory = mkdtempSync(join(tmpdir(), 'bad-inputs-'));
    const world = await World.start({ fsx: { backupDuration: () => 7_000 } });
    const fileSystemId = createExisting(world.fsx);
    const define = (release: string) => (stack: Stack) => {
      const provider = new FsxBackupProvider(stack, 'Provider');
      const source = BackupSource.fromFileSystemId(fileSystemId);
      const removalPolicy = RemovalPolicy.DESTROY;
      const backup = new FsxBackup(stack, 'Backup', {
        source,
        provider,
        removalPolicy,
        timeout: Duration.hours(1),
      });
      Tags.of(backup).add('release', release);
      new FsxFinalBackup(stack, 'Final', { source, provider });
      provider.allowBackupsOf(source);
      provider.allowPruning();
      provider.grantRun(
        new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal(), roleName: OPERATOR }),
      );
    };
    // The second makes the stack one that was updated: what its resource holds is not to be deleted any more.
    for (const release of ['1', '2']) {
      await world.deploy(synthesize(define(release), { outdir: join(directory, release) }));
    }
    return new Target(world, directory, fileSystemId).listen();
  }

  /** Of others: in the same way tagged, or not at all, taken by hand, by FSx and by AWS Backup. */
  readonly foreign: BackupRecord[];
  /** CloudFormation's own requests for the backup, for the link behind it, and for the final backup. */
  readonly request: any;
  readonly linkRequest: any;
  readonly finalRequest: any;
  private readonly received = new Map<string, Seen['answers']>();
  private server!: Server;
  private urls = 0;

  private constructor(
    readonly world: World,
    private readonly directory: string,
    readonly fileSystemId: string,
  ) {
    const firstOf = (type: string) =>
      world.journal.of('request').find(({ event }) => event.ResourceType === type)!.event;
    this.request = firstOf('Custom::FsxBackup');
    this.linkRequest = firstOf('Custom::FsxBackupContinuation');
    this.finalRequest = firstOf('Custom::FsxFinalBackup');
    const [own] = world.backups;
    const tags = [...own.tags].map(([Key, Value]) => ({
      Key,
      Value: Key === 'cdk-fsx-backup:stack-id' ? `${Value}0` : Value,
    }));
    const plant = (given: object) =>
      world.fsx.plantBackup({ fileSystemId, lifecycle: 'AVAILABLE', type: 'USER_INITIATED', ...given });
    this.foreign = [
      plant({ tags }),
      plant({}),
      plant({ type: 'AUTOMATIC' }),
      plant({ type: 'AWS_BACKUP', tags }),
    ];
  }

  get functionArn(): string {
    return this.request.ServiceToken;
  }

  /** A presigned URL that takes an answer, or one where nobody listens. */
  responseUrl(path = String(++this.urls), date = ''): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${path}?X-Amz-Date=${encodeURIComponent(date)}&X-Amz-Signature=SESAME`;
  }

  /** What comes of this input to the function. */
  invoke(input: unknown): Promise<Seen> {
    return this.watch(
      async () => void (await this.world.clock.run(this.world.lambda.invoke(this.functionArn, input))),
    );
  }

  /** What comes of this input of a run. */
  run(input: unknown): Promise<Seen> {
    return this.execute(this.machine(/Runs/), OPERATOR, input);
  }

  /** What comes of this input to the state machine that answers CloudFormation, which the function starts. */
  answer(input: unknown): Promise<Seen> {
    return this.execute(this.machine(/Requests/), 'function', input);
  }

  async end(): Promise<void> {
    await this.world.close();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
    rmSync(this.directory, { recursive: true });
  }

  private machine(logicalId: RegExp): string {
    return this.world.physicalIdOf(logicalId)!;
  }

  private execute(stateMachineArn: string, who: string, input: unknown): Promise<Seen> {
    return this.watch(async () => {
      const { stepFunctions, cloudFormation } = this.world;
      const { resources } = cloudFormation.stack('Files');
      const operator = Object.values(resources).find(({ physicalId }) => physicalId === OPERATOR)!;
      const principal = who === OPERATOR ? (operator.attributes.Arn as string) : this.roleArn;
      const given = { stateMachineArn, input: JSON.stringify(input) };
      const { executionArn } = (await stepFunctions.api.handle({
        operation: 'StartExecution',
        principal,
        input: given,
      })) as any;
      const execution = stepFunctions.executions.get(executionArn)!;
      await this.pass();
      return execution.status === 'SUCCEEDED' ? undefined : `${execution.error}: ${execution.cause}`;
    });
  }

  /** Whose calls those of the function are. */
  private get roleArn(): string {
    return this.world.journal.of('call').find(({ operation }) => operation === 'fsx:CreateBackup')!.principal;
  }

  private async watch(act: () => Promise<string | void>): Promise<Seen> {
    const { clock, journal } = this.world;
    const [since, from, before] = [journal.entries.length, clock.now(), this.backups()];
    this.received.clear();
    const error = await act().catch((thrown) => {
      if (!(thrown instanceof FunctionError)) throw thrown;
      return `${thrown.payload.errorType}: ${thrown.payload.errorMessage}`;
    });
    await this.pass();
    const entries = journal.entries.slice(since);
    const after = this.backups();
    return {
      error: error ?? undefined,
      answers: [...this.received.values()].flat(),
      calls: entries.flatMap((entry) =>
        entry.kind === 'call' && entry.principal === this.roleArn ? [entry.operation] : [],
      ),
      hours: (clock.now() - from) / HOUR,
      touched: [...new Set([...before.keys(), ...after.keys()])].filter(
        (id) => before.get(id) !== after.get(id),
      ),
      log: entries.flatMap((entry) => (entry.kind === 'log' ? [entry.line] : [])).join('\n'),
    };
  }

  /** Time, until no execution runs; at most three hours. */
  private async pass(): Promise<void> {
    const { stepFunctions } = this.world;
    const isRunning = () => [...stepFunctions.executions.values()].some(({ status }) => status === 'RUNNING');
    for (let minutes = 0; isRunning() && minutes < 180; minutes += 10) await this.world.pass(HOUR / 6);
  }

  private backups(): Map<string, string> {
    return new Map(
      this.world.backups.map(({ id, lifecycle, tags }) => [id, JSON.stringify([lifecycle, [...tags]])]),
    );
  }

  private async listen(): Promise<this> {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const { pathname } = new URL(request.url!, 'http://localhost');
      if (pathname === `/${NOBODY}`) {
        request.socket.destroy();
        return;
      }
      this.received.set(pathname, [
        ...(this.received.get(pathname) ?? []),
        { body: JSON.parse(body.toString()), bytes: body.length },
      ]);
      response.sendDate = false;
      response.end();
    });
    this.server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    await this.world.pass(HOUR); // a container that is busy is not recycled
    const { environment } = this.world.lambda;
    environment.CDK_FSX_BACKUP_RESPONSE_HOST = new URL(this.responseUrl()).host;
    this.world.lambda.recycle(this.functionArn);
    return this;
  }
}
