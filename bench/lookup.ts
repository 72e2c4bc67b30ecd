import { Account } from './account';
import { atMost, type Section } from './goals';
import { time } from './page';
import { Aws } from '../lambda/aws';
import { table } from '../test/engines/markdown';

const OWN = 3;

/** How many pages are read to find the backups of a source, where others have so many. */
export async function lookup(others: number, pageSize: number): Promise<{ pages: number; found: number }> {
  const account = new Account({ perSecond: Infinity }, { pageSize });
  const [own, theirs] = [account.createFileSystem(), account.createFileSystem()];
  const plant = (fileSystemId: string, count: number) => {
    for (let nth = 0; nth < count; nth++) {
      account.fsx.plantBackup({ fileSystemId, type: 'USER_INITIATED', duration: 0 });
    }
  };
  plant(theirs, others);
  plant(own, OWN);
  const none: any = undefined;
  const aws = new Aws({
    fsx: account.client as any,
    cloudFormation: none,
    stepFunctions: none,
    codePipeline: none,
  });
  const found = await account.clock.run(aws.backupsOf({ fileSystemId: own }));
  return { pages: account.calls.length, found: found.length };
}

/**
 * Every lookup names its source in a filter. AWS does not document whether pages are counted before or after
 * the filter.
 */
export async function measureLookup(): Promise<Section> {
  const filteredFirst: Array<[number, { pages: number; found: number }]> = [];
  for (const others of [0, 1_000, 10_000, 99_999 - OWN]) {
    filteredFirst.push([others, await lookup(others, Infinity)]);
  }
  const pagedFirst: Array<[number, { pages: number; found: number }]> = [];
  for (const others of [0, 500, 1_000, 5_000]) pagedFirst.push([others, await lookup(others, 50)]);
  const most = filteredFirst.at(-1)![1];
  const rows = (all: typeof filteredFirst, kind: string) =>
    all.map(([others, { pages, found }]) => [
      kind,
      others.toLocaleString('en'),
      pages,
      found,
      time(pages * 0.05),
    ]);
  return {
    title: 'The 100,000th backup of an account',
    goals: [
      atMost('pages read beside 99,996 backups of others, where FSx filters before it pages', 1, most.pages),
      atMost('own backups missed', 0, OWN - most.found),
    ],
    blocks: [
      'The handler looks for its backup among the user-initiated ones of its source. FSx filters; AWS ' +
        'does not say whether it counts pages of 50 before or after it filters, only that they may be ' +
        "short. If before, pages grow with other people's backups: by one for each 50, up to the quotas " +
        '(500 user-initiated backups of Windows and of Lustre, 10,000 of ONTAP and of OpenZFS) and what is ' +
        'automatic besides. Time at 50 ms a page.',
      table(
        ['if FSx', 'backups of others', 'pages read', 'own found', 'time'],
        [...rows(filteredFirst, 'filters, then pages'), ...rows(pagedFirst, 'pages, then filters')],
      ),
    ],
  };
}
