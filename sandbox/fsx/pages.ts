import { AwsError } from '../endpoint';

/**
 * A page of records that are in the order of their ids. The token names the last id of the page, so that
 * nothing is skipped when records go away between two pages.
 */
export function pageOf<R extends { id: string }>(
  records: readonly R[],
  { MaxResults, NextToken }: { MaxResults?: number; NextToken?: string },
  most: number,
  isShown: (record: R) => boolean = () => true,
): { page: R[]; NextToken?: string } {
  const size = Math.min(MaxResults ?? most, most);
  const page: R[] = [];
  for (
    let at = NextToken === undefined ? 0 : firstAfter(idOf(NextToken), records);
    at < records.length;
    at++
  ) {
    if (!isShown(records[at])) continue;
    if (page.length === size) {
      return { page, NextToken: Buffer.from(`after ${page.at(-1)!.id}`).toString('base64') };
    }
    page.push(records[at]);
  }
  return { page };
}

function firstAfter(id: string, records: readonly { id: string }[]): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (records[middle].id > id) high = middle;
    else low = middle + 1;
  }
  return low;
}

function idOf(token: string): string {
  const id = /^after (\S+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  if (id === undefined) throw new AwsError('BadRequest', 'The NextToken was not given by an earlier answer.');
  return id;
}
