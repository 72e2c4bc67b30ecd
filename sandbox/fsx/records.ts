/**
 * Records by id that remember their order, too: an account may have ten thousand of them, and is asked for
 * them in pages of fifty.
 */
export class Records<R extends { id: string }> extends Map<string, R> {
  private order?: R[];

  override set(id: string, record: R): this {
    this.order = undefined;
    return super.set(id, record);
  }

  override delete(id: string): boolean {
    this.order = undefined;
    return super.delete(id);
  }

  override clear(): void {
    this.order = undefined;
    super.clear();
  }

  inOrder(): readonly R[] {
    this.order ??= inOrder(this.values());
    return this.order;
  }
}

/** The order of the ids, which is not that of time. */
export function inOrder<R extends { id: string }>(records: Iterable<R>): R[] {
  return [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
}
