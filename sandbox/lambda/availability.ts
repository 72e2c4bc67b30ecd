import type { VirtualClock } from '../clock';
import { AwsError } from '../endpoint';
import type { LambdaFunction } from './runtime';

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
/** A function in a VPC that is not used for so long becomes Inactive. */
const IDLE = 14 * DAY;
/** [?] how long Lambda takes to connect it to its VPC again */
const RESTORATION = 90 * SECOND;

/** What each refusal is over HTTP; all others are errors of the service. */
const STATUS: Record<string, number> = {
  TooManyRequestsException: 429,
  ResourceConflictException: 409,
  ResourceNotReadyException: 502,
  ENINotReadyException: 502,
  EC2ThrottledException: 502,
};

/** Whether Lambda invokes functions at the moment. */
export class Availability {
  private readonly refusals: Array<{ code: string; until: number }> = [];
  private readonly idleSince = new WeakMap<LambdaFunction, number>();
  private readonly restoredAt = new WeakMap<LambdaFunction, number>();

  constructor(private readonly clock: VirtualClock) {}

  /** Refuse every invocation for so long. Where several refusals overlap, the last one speaks. */
  refuse(code: string, ms: number): void {
    this.refusals.push({ code, until: this.clock.now() + ms });
  }

  defined(fn: LambdaFunction): void {
    this.idleSince.set(fn, this.clock.now());
  }

  /** @throws `AwsError` if Lambda does not invoke the function now */
  assertAvailable(fn: LambdaFunction): void {
    const now = this.clock.now();
    const refusal = this.refusals.filter(({ until }) => now < until).at(-1);
    if (refusal) throw new AwsError(refusal.code, `${refusal.code} for a while`, STATUS[refusal.code] ?? 500);
    if (fn.vpc) this.assertConnected(fn, now);
    this.idleSince.set(fn, now);
  }

  /** The invocation that finds it inactive begins its restoration, and fails like all others meanwhile. */
  private assertConnected(fn: LambdaFunction, now: number): void {
    if (now - this.idleSince.get(fn)! >= IDLE) {
      this.restoredAt.set(fn, now + RESTORATION);
      this.idleSince.set(fn, now);
    }
    if (now >= (this.restoredAt.get(fn) ?? 0)) return;
    const message =
      'The function is inactive and its VPC connection is no longer available. Try again later.';
    throw new AwsError('ResourceNotReadyException', message, STATUS.ResourceNotReadyException);
  }
}

/** Does Lambda try an event of its queue again when it could not invoke the function? */
export function isTriedAgain({ status }: AwsError): boolean {
  return status === 409 || status === 429 || status >= 500;
}
