import type { Backup } from '@aws-sdk/client-fsx';
import type { Fsx } from './fsx';
import type { Source } from './source';

/** A poll lists for so long, in milliseconds, and goes on from there in the next. */
export const SHARE = 20_000;

/** The next page to list: of the source at this index. */
export interface Place {
  readonly source: number;
  readonly token?: string;
}

export interface Listing<T> {
  readonly place: Place;
  readonly found: T;
}

/** The newest backup that a search has found so far. */
export type Search = Listing<{ readonly id: string; readonly createdAt: number } | undefined>;

/** The listing goes on from there in the next poll. */
export class SearchGoesOn extends Error {
  constructor(readonly search: Search) {
    super();
  }
}

interface Around {
  readonly fsx: Fsx;
  readonly now: number;
  readonly clock: () => number;
}

const START: Place = { source: 0 };

/**
 * Lists the backups of these sources (of the account, if there are none) from a place on: to the end, until
 * it is enough, or until the poll has had its time. A page that fails costs none of the pages before it.
 */
export async function list<T>(
  { fsx, now, clock }: Around,
  sources: readonly Source[],
  { place: from = START, found: before }: { readonly place?: Place; readonly found: T },
  add: (found: T, backups: readonly Backup[]) => T,
  isEnough: (found: T) => boolean = () => false,
): Promise<Listing<T> & { readonly isDone: boolean }> {
  let [place, found] = [from, before];
  const end = Math.max(1, sources.length);
  while (place.source < end && !isEnough(found) && clock() - now <= SHARE) {
    try {
      const { backups, next } = await fsx.page(sources[place.source], place.token);
      found = add(found, backups);
      place = next ? { ...place, token: next } : { source: place.source + 1 };
    } catch (error) {
      if (place === from) throw error;
      break;
    }
  }
  return { place, found, isDone: place.source >= end };
}

/**
 * The newest AVAILABLE backup of these sources that matches.
 *
 * @throws SearchGoesOn if there are too many for one poll
 */
export async function newest(
  context: Around & { readonly search?: Search },
  sources: readonly Source[],
  matches: (backup: Backup) => boolean,
): Promise<Backup | undefined> {
  const from = context.search ?? { found: undefined };
  const { isDone, ...search } = await list<Search['found']>(context, sources, from, (found, backups) =>
    backups
      .filter((backup) => backup.Lifecycle === 'AVAILABLE' && matches(backup))
      .map(({ BackupId, CreationTime }) => ({ id: BackupId!, createdAt: CreationTime!.getTime() }))
      .reduce((last, next) => (last && last.createdAt >= next.createdAt ? last : next), found),
  );
  if (!isDone) throw new SearchGoesOn(search);
  return search.found && context.fsx.backup(search.found.id);
}
