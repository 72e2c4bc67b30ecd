import { Account } from './account';
import { atMost, type Section } from './goals';
import { time } from './page';
import { CREATING, eventOf, respond, type StackNow } from './request';
import { table } from '../test/engines/markdown';

const PAGE = 50;
/** Backups that the resource has already. */
const OWN = 3;
const KEPT = 2;

/** The requests that have to know about earlier backups, and one that does not. */
const REQUESTS = {
  'a backup': 'none',
  'cleanup, `keepLast`': 'the source',
  'stack deletion, `DESTROY`': 'the account',
} as const;
export type Asked = keyof typeof REQUESTS;

export interface Looked {
  readonly calls: number;
  /** calls that list backups */
  readonly pages: number;
  /** own backups that are left afterwards */
  readonly left: number;
}

/** What a request costs beside so many backups of others, if FSx counts pages before it filters. */
export async function lookup(asked: Asked, others: number): Promise<Looked> {
  const account = new Account({ perSecond: Infinity }, { pageSize: PAGE });
  account.fsx.crowd(others);
  account.fsx.options.backupDuration = () => 0;
  const FileSystemId = account.createFileSystem();
  const keeps = asked === 'cleanup, `keepLast`';
  const properties = {
    FileSystemId,
    RemovalPolicy: 'DESTROY',
    KeepLast: keeps ? `${KEPT}` : undefined,
  } as const;
  const ask = (changes: object, stack: StackNow = CREATING) =>
    account.clock.run(respond(account, eventOf(properties, changes), stack));
  const held: string[] = [];
  for (let nth = 1; nth <= OWN; nth++) {
    held.push((await ask({ RequestId: `request-${nth}` })).PhysicalResourceId);
  }

  const before = account.operations.length;
  if (asked === 'a backup') {
    await ask({ RequestId: 'another' });
  } else {
    const stack = keeps
      ? { status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', holds: held.at(-1) }
      : { status: 'DELETE_IN_PROGRESS' };
    await ask({ RequestType: 'Delete', PhysicalResourceId: held.at(keeps ? -2 : -1) }, stack);
  }
  const operations = account.operations.slice(before);
  return {
    calls: operations.length,
    pages: operations.filter(({ operation, input }) => operation === 'DescribeBackups' && !input.BackupIds)
      .length,
    left: [...account.fsx.backups.values()].filter(({ source }) => source.fileSystemId === FileSystemId)
      .length,
  };
}

export async function measureLookup(): Promise<Section> {
  const rows: Array<{ asked: Asked; others: number; looked: Looked }> = [];
  for (const asked of Object.keys(REQUESTS) as Asked[]) {
    for (const others of [0, 1_000, 10_000]) {
      rows.push({ asked, others, looked: await lookup(asked, others) });
    }
  }
  const last = (asked: Asked) => rows.filter((row) => row.asked === asked).at(-1)!.looked;
  return {
    title: 'An account with 10,000 backups',
    goals: [
      atMost('pages listed to take a backup beside 10,000 others', 0, last('a backup').pages),
      atMost('calls of FSx to take one that is AVAILABLE at once', 2, last('a backup').calls),
      atMost(
        'own backups that `keepLast` keeps too many beside 10,000 others',
        0,
        last('cleanup, `keepLast`').left - KEPT,
      ),
      atMost(
        'own backups that a stack deletion misses beside 10,000 others',
        0,
        last('stack deletion, `DESTROY`').left,
      ),
    ],
    blocks: [
      'To take a backup, the handler lists none. Three requests list: a cleanup with `keepLast` and a ' +
        'cancelled creation list the backups of the source; the deletion of a stack with ' +
        '`RemovalPolicy.DESTROY` lists all user-initiated backups of the account once. FSx filters; AWS ' +
        `does not say whether it counts pages of ${PAGE} before or after it filters. Here it counts ` +
        'before, which is the worst case: one page more for each 50 backups of others. A listing goes on ' +
        `in the next poll. The real handler with the sandbox's FSx, beside ${OWN} backups of its own; time ` +
        'at 50 ms a call.',
      table(
        ['request', 'lists', 'backups of others', 'calls of FSx', 'pages listed', 'own left', 'time'],
        rows.map(({ asked, others, looked: { calls, pages, left } }) => [
          asked,
          REQUESTS[asked],
          others.toLocaleString('en'),
          calls,
          pages,
          left,
          time(calls * 0.05),
        ]),
      ),
    ],
  };
}
