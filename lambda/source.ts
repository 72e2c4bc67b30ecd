/** What is backed up: exactly one of the two. */
export type Source = { readonly fileSystemId: string } | { readonly volumeId: string };

/** What a stack has deployed under a logical id. */
export interface Deployed {
  readonly logicalId: string;
  /** The name of the stack, if it is not the stack of the request. */
  readonly stack?: string;
}

export function isDeployed(source: Source | Deployed): source is Deployed {
  return 'logicalId' in source;
}

export function sourceId(source: Source | Deployed): string {
  if (isDeployed(source)) {
    return source.stack === undefined ? source.logicalId : `${source.stack}/${source.logicalId}`;
  }
  return 'volumeId' in source ? source.volumeId : source.fileSystemId;
}

/** Those of the sources whose ids are known, each once. */
export function distinct(...sources: Array<Source | Deployed | undefined>): Source[] {
  const known = sources.flatMap((source) => (!source || isDeployed(source) ? [] : [source]));
  return [...new Map(known.map((source) => [sourceId(source), source])).values()];
}

/** The source with this id, if it is one. */
export function sourceWithId(id: string): Source | undefined {
  if (/^fs-[0-9a-f]{8,18}$/.test(id)) return { fileSystemId: id };
  return /^fsvol-[0-9a-f]{17}$/.test(id) ? { volumeId: id } : undefined;
}
