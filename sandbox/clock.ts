/**
 * Virtual time for everything in the sandbox.
 *
 * Time stands still while work is being done and jumps to the next timer when nothing is. Real work
 * that promises alone do not show (another process, a socket) takes a `hold` for as long as it lasts.
 */
export class VirtualClock {
  private time: number;
  private sequence = 0;
  private holds = 0;
  private driving?: Promise<void>;
  private waiters = 0;
  private wake?: () => void;
  private readonly timers = new Map<number, { at: number; fire: () => void }>();

  /** @param start the first instant, in milliseconds since the epoch */
  constructor(start: number = Date.UTC(2026, 10, 2, 9, 0, 0)) {
    this.time = start;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.time;
  }

  date(): Date {
    return new Date(this.time);
  }

  /** Fires on a whole millisecond, as every clock shows them; never too early. */
  setTimeout(fire: () => void, ms: number): number {
    const id = ++this.sequence;
    this.timers.set(id, { at: Math.ceil(this.time + Math.max(0, ms)), fire });
    this.wake?.();
    return id;
  }

  clearTimeout(id: number | undefined): void {
    if (id !== undefined) this.timers.delete(id);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.setTimeout(resolve, ms));
  }

  /** Real work begins: time stands still until the returned function is called. */
  hold(): () => void {
    this.holds++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.holds--;
      this.wake?.();
    };
  }

  /** Let time pass until the promise is settled. Time passes for nobody unless somebody runs the clock. */
  async run<T>(promise: Promise<T>): Promise<T> {
    this.waiters++;
    const settled = () => {
      this.waiters--;
      this.wake?.();
    };
    promise.then(settled, settled);
    this.driving ??= this.drive().finally(() => {
      this.driving = undefined;
    });
    await Promise.race([promise, this.driving]); // the drive rejects when nothing can happen any more
    return promise;
  }

  private async drive(): Promise<void> {
    while (this.waiters > 0) {
      await quiet();
      if (this.waiters === 0) return;
      if (this.holds > 0) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = undefined;
        continue;
      }
      const next = this.nextTimer();
      if (next === undefined) {
        this.waiters = 0;
        throw new Error(
          'the sandbox stands still: something is awaited, and nothing is scheduled that could bring it ' +
            'about',
        );
      }
      const timer = this.timers.get(next)!;
      this.timers.delete(next);
      this.time = Math.max(this.time, timer.at);
      timer.fire();
    }
  }

  private nextTimer(): number | undefined {
    let best: number | undefined;
    for (const [id, { at }] of this.timers) {
      if (best === undefined || at < this.timers.get(best)!.at) best = id;
    }
    return best;
  }
}

/** Resolves when every promise that could go on without a timer or a socket has done so. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
