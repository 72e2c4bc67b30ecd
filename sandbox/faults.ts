/** What can go wrong with one call. */
export type Fault =
  /** The service answers with this error and does nothing. */
  | { kind: 'error'; code: string; message?: string; status?: number; fields?: Record<string, unknown> }
  /** ThrottlingException, HTTP 400; nothing is done. */
  | { kind: 'throttle' }
  /** HTTP 500 InternalServerError; nothing is done. */
  | { kind: 'server-error' }
  /** The connection stays open and nothing ever comes. Nothing is done. */
  | { kind: 'hang' }
  /** The connection is reset before the request is read. Nothing is done. */
  | { kind: 'reset' }
  /** The call is carried out, and the connection is reset instead of the answer. */
  | { kind: 'lost-response' }
  /**
   * The service hears of the call after so many virtual milliseconds, carries it out then, and answers. The
   * client may have given up by then.
   */
  | { kind: 'slow'; ms: number };

/** Which calls of an operation: the nth (from 1), every nth, or all from one to another, both included. */
export type Which = number | { every: number } | { from: number; to?: number };

/**
 * What shall go wrong, and when. Operations are named as in the journal: `fsx:CreateBackup`, or `fsx:*`, `*`.
 */
export class FaultPlan {
  private readonly rules: Array<{
    operation: string;
    which: Which;
    fault: Fault;
    seen: number;
    hits: number;
  }> = [];

  add(operation: string, which: Which, fault: Fault): this {
    this.rules.push({ operation, which, fault, seen: 0, hits: 0 });
    return this;
  }

  clear(): void {
    this.rules.length = 0;
  }

  /** How many faults were injected. */
  get hits(): number {
    return this.rules.reduce((sum, rule) => sum + rule.hits, 0);
  }

  /** Count a call of this operation, and say what shall happen to it. */
  next(operation: string): Fault | undefined {
    let fault: Fault | undefined;
    for (const rule of this.rules) {
      if (!matches(rule.operation, operation)) continue;
      rule.seen++;
      if (fault === undefined && chosen(rule.which, rule.seen)) {
        fault = rule.fault;
        rule.hits++;
      }
    }
    return fault;
  }
}

function matches(pattern: string, operation: string): boolean {
  return (
    pattern === '*' ||
    pattern === operation ||
    (pattern.endsWith(':*') && operation.startsWith(pattern.slice(0, -1)))
  );
}

function chosen(which: Which, nth: number): boolean {
  if (typeof which === 'number') return nth === which;
  if ('every' in which) return nth % which.every === 0;
  return nth >= which.from && nth <= (which.to ?? Infinity);
}
