import { createExisting, FsxService, VirtualClock } from '../sandbox';

/** Calls that FSx allows: as many a second, and as many at once, as in most of AWS. */
export interface Rate {
  readonly perSecond: number;
}

/** How long one call takes. */
const LATENCY = 50;
/**
 * As the SDK has it by default: three attempts; when throttled, a random part of a second in between, and of
 * two.
 */
const ATTEMPTS = 3;
const BACKOFF = 1_000;

/**
 * An account with the sandbox's FSx in virtual time, and FSx clients for it that try again as the SDK's do.
 */
export class Account {
  readonly clock = new VirtualClock();
  readonly fsx: FsxService;
  /** Takes commands of the SDK. */
  readonly client = {
    send: async (command: { constructor: { name: string }; input: any }): Promise<any> => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.call(command.constructor.name.replace(/Command$/, ''), command.input);
        } catch (error: any) {
          if (error.name !== 'ThrottlingException' || attempt === ATTEMPTS) throw error;
          await this.clock.sleep(this.random() * BACKOFF * 2 ** (attempt - 1));
        }
      }
    },
  };

  /** when FSx was called, in milliseconds since the beginning, throttled calls included */
  readonly calls: number[] = [];
  /** what FSx was asked, in the same order */
  readonly operations: Array<{ operation: string; input: any }> = [];
  readonly begun = this.clock.now();
  private tokens: number;
  private filledAt = this.begun;
  private seed = 1;

  constructor(
    private readonly rate: Rate,
    options: { pageSize?: number } = {},
  ) {
    this.tokens = rate.perSecond;
    this.fsx = new FsxService({
      clock: this.clock,
      authorizer: { authorize: async () => undefined },
      options: {
        pageSize: Infinity,
        ...options,
        quotas: { WINDOWS: Infinity, LUSTRE: Infinity, OPENZFS: Infinity, ONTAP: Infinity },
      },
      accountId: '123456789012',
      region: 'us-east-1',
      partition: 'aws',
    });
  }

  createFileSystem(): string {
    return createExisting(this.fsx);
  }

  private async call(operation: string, input: any): Promise<any> {
    this.calls.push(this.clock.now() - this.begun);
    this.operations.push({ operation, input });
    await this.clock.sleep(LATENCY);
    if (!this.admits()) {
      throw Object.assign(new Error('Rate exceeded'), {
        name: 'ThrottlingException',
        $metadata: { httpStatusCode: 400 },
      });
    }
    const sent = JSON.parse(JSON.stringify(input));
    const output: any = await this.fsx.api.handle({ operation, input: sent, principal: '' });
    const backups = [...(output.Backups ?? []), ...(output.Backup ? [output.Backup] : [])];
    for (const backup of backups) backup.CreationTime = new Date(backup.CreationTime * 1000);
    return { ...output, $metadata: { requestId: 'request' } };
  }

  /** A bucket of tokens. */
  private admits(): boolean {
    const { perSecond } = this.rate;
    this.tokens = Math.min(perSecond, this.tokens + ((this.clock.now() - this.filledAt) / 1000) * perSecond);
    this.filledAt = this.clock.now();
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }

  /** The same in each run. */
  private random(): number {
    this.seed = (this.seed * 48_271) % 2_147_483_647;
    return this.seed / 2_147_483_647;
  }
}
