import { AwsError } from '../endpoint';

/**
 * A page of records in the order of their ids, which is not that of time. The token names the last id of the
 * page, so that nothing is skipped when records go away between two pages.
 */
export function pageOf<R extends { id: string }>(
  records: Iterable<R>,
  { MaxResults, NextToken }: { MaxResults?: number; NextToken?: string },
  most: number,
): { page: R[]; NextToken?: string } {
  const after = NextToken === undefined ? '' : idOf(NextToken);
  const rest = [...records].filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = rest.slice(0, Math.min(MaxResults ?? most, most));
  return {
    page,
    NextToken:
      rest.length > page.length ? Buffer.from(`after ${page.at(-1)!.id}`).toString('base64') : undefined,
  };
}

function idOf(token: string): string {
  const id = /^after (\S+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  if (id === undefined) throw new AwsError('BadRequest', 'The NextToken was not given by an earlier answer.');
  return id;
}
