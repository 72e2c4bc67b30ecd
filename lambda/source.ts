import { isText } from './readers';
import { FILE_SYSTEM_ID, VOLUME_ID } from '../src/private/rules';

/** What is backed up, as FSx names it: exactly one of the two. */
export type Source = { readonly FileSystemId: string } | { readonly VolumeId: string };

/** The properties of a resource that name its source, of which it has exactly one. */
export const SOURCE_PROPERTIES = [
  'FileSystemId',
  'VolumeId',
  'DeployedFileSystem',
  'DeployedVolume',
] as const;

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
  return 'VolumeId' in source ? source.VolumeId : source.FileSystemId;
}

/** Those of the sources whose ids are known, each once. */
export function distinct(...sources: Array<Source | Deployed | undefined>): Source[] {
  const known = sources.flatMap((source) => (!source || isDeployed(source) ? [] : [source]));
  return [...new Map(known.map((source) => [sourceId(source), source])).values()];
}

/** The source with this id, if it is one. */
export function sourceWithId(id: unknown): Source | undefined {
  if (isText(id, FILE_SYSTEM_ID)) return { FileSystemId: id };
  return isText(id, VOLUME_ID) ? { VolumeId: id } : undefined;
}
