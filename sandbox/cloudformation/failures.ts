export interface PlannedFailure {
  /** a logical id, or a resource type */
  target: string;
  on: 'create' | 'update' | 'delete';
  /** virtual milliseconds from the beginning of the operation */
  after?: number;
  reason?: string;
  /** how often it fails; default: once */
  times?: number;
}

/** Which resources shall fail, and when. */
export class FailurePlan {
  private readonly planned: Array<PlannedFailure & { left: number }> = [];

  fail(failure: PlannedFailure): this {
    this.planned.push({ ...failure, left: failure.times ?? 1 });
    return this;
  }

  clear(): void {
    this.planned.length = 0;
  }

  take(logicalId: string, type: string, on: PlannedFailure['on']): PlannedFailure | undefined {
    const failure = this.planned.find(
      (planned) => planned.left > 0 && planned.on === on && [logicalId, type].includes(planned.target),
    );
    if (failure) failure.left--;
    return failure;
  }
}
