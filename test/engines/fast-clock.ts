import { VirtualClock } from '../../sandbox/clock';

/** Real time, only faster. */
export class FastClock extends VirtualClock {
  private readonly start = Date.now();

  constructor(private readonly speed: number) {
    super();
  }

  override now(): number {
    return this.start + (Date.now() - this.start) * this.speed;
  }

  /** What a real clock shows then. */
  real(instant: number): number {
    return this.start + (instant - this.start) / this.speed;
  }
}
