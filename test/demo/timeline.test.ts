import { barsIn, outsideOf, overlapsIn, textsIn } from './svg-reading';
import { historyOf, type Records } from '../../demo/history';
import { timeAxis } from '../../demo/time-axis';
import { timelinePage, timelineSvg } from '../../demo/timeline';
import type { BackupRecord, Recorded } from '../../sandbox';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NINE = Date.UTC(2026, 10, 2, 9);
const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/Wiki/1';
const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
const SCALE = { pixelsPerMinute: 5, longest: 20, foldedWidth: 40 };

const TYPES: Record<string, string> = {
  Wiki: 'AWS::CloudFormation::Stack',
  Service: 'AWS::ECS::Service',
  FileSystem: 'AWS::FSx::FileSystem',
  Role: 'AWS::IAM::Role',
  Before: 'Custom::FsxBackup',
  Final: 'Custom::FsxFinalBackup',
};

/** What a stack event tells, at a minute of the story. */
function event(minute: number, logicalId: string, status: string, physicalId?: string): Recorded {
  return {
    kind: 'event',
    at: NINE + minute * MINUTE,
    stack: 'Wiki',
    logicalId,
    type: TYPES[logicalId],
    status,
    physicalId,
  };
}

function backup(
  id: string,
  minute: number,
  minutes: number,
  given: Partial<BackupRecord> & { name?: string; of?: string } = {},
): BackupRecord {
  const { name = 'Wiki/Before', of = 'Before', ...others } = given;
  const tags = new Map([
    ['Name', name],
    ['cdk-fsx-backup:stack-id', STACK_ID],
    ['cdk-fsx-backup:logical-id', of],
  ]);
  const source = { fileSystemId: FILE_SYSTEM, fileSystemType: 'OPENZFS' as const };
  const times = { createdAt: NINE + minute * MINUTE, duration: minutes * MINUTE };
  return {
    id,
    arn: '',
    ownerId: '',
    type: 'USER_INITIATED',
    source,
    fileSystem: {},
    data: '',
    kmsKeyId: '',
    tags,
    ...times,
    ...others,
  };
}

const ONE = 'backup-11111111111111111';
const TWO = 'backup-22222222222222222';
const LAST = 'backup-33333333333333333';
const A_DAY = DAY / MINUTE;

/** Created; upgraded in vain; upgraded a day later with the same backup; deleted. */
const ENTRIES: Recorded[] = [
  event(0, 'Wiki', 'CREATE_IN_PROGRESS', STACK_ID),
  event(0, 'FileSystem', 'CREATE_IN_PROGRESS'),
  event(0, 'FileSystem', 'CREATE_IN_PROGRESS', FILE_SYSTEM),
  event(10, 'FileSystem', 'CREATE_COMPLETE', FILE_SYSTEM),
  event(10, 'Before', 'CREATE_IN_PROGRESS'),
  event(17, 'Before', 'CREATE_COMPLETE', ONE),
  event(17, 'Service', 'CREATE_IN_PROGRESS'),
  event(19, 'Service', 'CREATE_COMPLETE', 'service'),
  event(19, 'Wiki', 'CREATE_COMPLETE', STACK_ID),
  event(100, 'Wiki', 'UPDATE_IN_PROGRESS', STACK_ID),
  event(100, 'Role', 'UPDATE_IN_PROGRESS', 'role'),
  event(100.2, 'Role', 'UPDATE_COMPLETE', 'role'),
  event(100, 'Before', 'UPDATE_IN_PROGRESS', ONE),
  event(107, 'Before', 'UPDATE_COMPLETE', TWO),
  event(107, 'Service', 'UPDATE_IN_PROGRESS', 'service'),
  event(108, 'Service', 'UPDATE_FAILED', 'service'),
  event(108, 'Wiki', 'UPDATE_ROLLBACK_IN_PROGRESS', STACK_ID),
  event(108, 'Before', 'UPDATE_IN_PROGRESS', TWO),
  event(108.1, 'Before', 'UPDATE_COMPLETE', ONE),
  event(109, 'Service', 'UPDATE_IN_PROGRESS', 'service'),
  event(111, 'Service', 'UPDATE_COMPLETE', 'service'),
  event(111, 'Wiki', 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', STACK_ID),
  event(112, 'Wiki', 'UPDATE_ROLLBACK_COMPLETE', STACK_ID),
  event(A_DAY, 'Wiki', 'UPDATE_IN_PROGRESS', STACK_ID),
  event(A_DAY, 'Before', 'UPDATE_IN_PROGRESS', ONE),
  event(A_DAY + 0.1, 'Before', 'UPDATE_COMPLETE', TWO),
  event(A_DAY + 1, 'Service', 'UPDATE_IN_PROGRESS', 'service'),
  event(A_DAY + 3, 'Service', 'UPDATE_COMPLETE', 'service'),
  event(A_DAY + 3, 'Wiki', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', STACK_ID),
  {
    kind: 'call',
    at: NINE + DAY + 4 * MINUTE,
    operation: 'fsx:DeleteBackup',
    principal: '',
    input: { BackupId: ONE },
    outcome: 'ok',
  },
  event(A_DAY + 5, 'Wiki', 'UPDATE_COMPLETE', STACK_ID),
  event(A_DAY + 60, 'Wiki', 'DELETE_IN_PROGRESS', STACK_ID),
  event(A_DAY + 60, 'Final', 'DELETE_IN_PROGRESS', 'final-fs'),
  event(A_DAY + 67, 'Final', 'DELETE_COMPLETE', 'final-fs'),
  event(A_DAY + 67, 'FileSystem', 'DELETE_IN_PROGRESS', FILE_SYSTEM),
  event(A_DAY + 72, 'FileSystem', 'DELETE_COMPLETE', FILE_SYSTEM),
  event(A_DAY + 72, 'Wiki', 'DELETE_COMPLETE', STACK_ID),
];

const RECORDS: Records = {
  entries: ENTRIES,
  backups: [
    backup(ONE, 10, 6),
    backup(TWO, 100, 6),
    backup(LAST, A_DAY + 60, 6, { name: 'Wiki/Final', of: 'Final' }),
  ],
  chapters: [
    { title: 'Version 1', label: 'version 1', at: NINE },
    { title: 'An upgrade fails', label: 'version 2', at: NINE + 100 * MINUTE },
    { title: 'The upgrade again', label: 'version 2 again', at: NINE + DAY },
    { title: 'The end', at: NINE + DAY + 60 * MINUTE },
  ],
  dependsOn: (_, logicalId) =>
    ({ Service: ['Task'], Task: ['Before'], Before: ['FileSystem'], Final: ['FileSystem'] })[logicalId] ?? [],
  until: NINE + DAY + 72 * MINUTE,
};

const minuteOf = (at: number) => (at - NINE) / MINUTE;
const historyWith = (given: Partial<Records>) => historyOf({ ...RECORDS, ...given });
const protectionsWith = (given: Partial<Records>) =>
  historyWith(given).protections.map(
    ({ backup: { id }, change }) => `${id.slice(7, 8)}: ${change.kind} ${change.logicalId}`,
  );

describe('the history', () => {
  test('has every deployment, from its beginning to its end, and when it went back', () => {
    const { operations } = historyOf(RECORDS);
    expect(
      operations.map(({ kind, from, to, status }) => [kind, minuteOf(from), minuteOf(to), status]),
    ).toEqual([
      ['create', 0, 19, 'CREATE_COMPLETE'],
      ['update', 100, 112, 'UPDATE_ROLLBACK_COMPLETE'],
      ['update', A_DAY, A_DAY + 5, 'UPDATE_COMPLETE'],
      ['delete', A_DAY + 60, A_DAY + 72, 'DELETE_COMPLETE'],
    ]);
    expect(operations.map(({ backFrom }) => backFrom)).toEqual([
      undefined,
      NINE + 108 * MINUTE,
      undefined,
      undefined,
    ]);
  });

  test('has what was done to a resource, and what was taken back', () => {
    const ofService = historyOf(RECORDS).changes.filter(({ logicalId }) => logicalId === 'Service');
    expect(
      ofService.map(({ kind, from, to, failed }) => [kind, minuteOf(from), minuteOf(to), failed]),
    ).toEqual([
      ['create', 17, 19, false],
      ['update', 107, 108, true],
      ['back', 109, 111, false],
      ['update', A_DAY + 1, A_DAY + 3, false],
    ]);
  });

  test('knows which backup a change waited for, and that the final one comes before the deletion', () => {
    expect(protectionsWith({})).toEqual([
      '1: create Service',
      '2: update Service',
      '2: update Service',
      '3: delete FileSystem',
    ]);
  });

  test('knows that what did not wait for a backup is not protected by it', () => {
    expect(protectionsWith({ dependsOn: () => [] })).toEqual([]);
    const late = [backup(ONE, 10, 8), backup(TWO, 100, 6), backup(LAST, A_DAY + 60, 8, { of: 'Final' })];
    expect(protectionsWith({ backups: late })).toEqual(['2: update Service', '2: update Service']);
  });

  test('takes none for a final backup of this deletion that was made later', () => {
    const again = backup('backup-44444444444444444', A_DAY + 200, 6, { name: 'Wiki/Final', of: 'Final' });
    expect(protectionsWith({ backups: [...RECORDS.backups, again] })).toContain('3: delete FileSystem');
  });

  test('says when a backup was deleted, and that another one was not', () => {
    const [one, two] = historyOf(RECORDS).backups;
    expect(one).toMatchObject({
      id: ONE,
      name: 'Wiki/Before',
      stack: 'Wiki',
      deletedAt: NINE + DAY + 4 * MINUTE,
    });
    expect(two).toMatchObject({ id: TWO, deletedAt: undefined });
  });

  test('says whose a backup without a name is, and gives it to the stack that has its source', () => {
    const elsewhere = { fileSystemId: 'fs-0aaaaaaaaaaaaaaaa', fileSystemType: 'WINDOWS' as const };
    const { backups } = historyWith({
      backups: [
        backup(LAST, A_DAY + 67, 6, { tags: new Map() }),
        backup(TWO, A_DAY + 68, 6, { tags: new Map(), type: 'AUTOMATIC', source: elsewhere }),
      ],
    });
    expect(backups.map(({ name, stack }) => [name, stack])).toEqual([
      ["FSx's own", 'Wiki'],
      ['automatic', undefined],
    ]);
  });

  test('of what still goes on ends where the story ends', () => {
    const { operations, changes } = historyWith({ entries: ENTRIES.slice(0, 2), until: NINE + 3 * MINUTE });
    expect([operations[0].to, changes[0].to].map(minuteOf)).toEqual([3, 3]);
    const goingBack = ENTRIES.slice(
      0,
      ENTRIES.findIndex((entry) => entry.kind === 'event' && entry.status === 'UPDATE_ROLLBACK_IN_PROGRESS') +
        1,
    );
    expect(
      historyWith({ entries: goingBack, until: NINE + 110 * MINUTE }).operations.map(({ to }) =>
        minuteOf(to),
      ),
    ).toEqual([19, 110]);
  });
});

describe('the time axis', () => {
  const at = (...minutes: number[]) => minutes.map((minute) => minute * MINUTE);

  test('is to scale', () => {
    const axis = timeAxis(at(0, 4, 10), [], SCALE);
    expect(at(0, 2, 4, 10).map(axis.x)).toEqual([0, 10, 20, 50]);
    expect(axis.width).toBe(50);
  });

  test('folds stretches in which nothing begins or ends', () => {
    const axis = timeAxis(at(0, 10, 310, 315), [], SCALE);
    expect(axis.stretches.map(({ width, folded }) => [width, folded])).toEqual([
      [50, false],
      [40, true],
      [25, false],
    ]);
    expect(at(10, 160, 310).map(axis.x)).toEqual([50, 70, 90]);
  });

  test('makes room for what is written at the top of a column, and marks where', () => {
    const axis = timeAxis(
      at(0, 4, 10),
      [
        { at: 0, minWidth: 80 },
        { at: 10 * MINUTE, minWidth: 0 },
      ],
      SCALE,
    );
    expect(axis.stretches.map(({ width, folded }) => [width, folded])).toEqual([
      [20, false],
      [60, true],
    ]);
  });

  test('keeps the order, and what is outside is at its ends', () => {
    const axis = timeAxis(at(5, 10, 500), [], SCALE);
    const xs = at(0, 5, 7, 10, 20, 499, 500, 900).map(axis.x);
    expect(xs).toEqual([...xs].sort((one, other) => one - other));
    expect([xs[0], xs[xs.length - 1]]).toEqual([0, axis.width]);
  });
});

describe('the picture', () => {
  const svg = timelineSvg(historyOf(RECORDS));
  const shown = (picture: string) => textsIn(picture).map(({ content }) => content);

  test('shows every chapter, stack, backup and protected resource, and what is deployed', () => {
    expect(shown(svg)).toEqual(
      expect.arrayContaining([
        '1. Version 1',
        'Mon 2 Nov 09:00',
        '3. The upgrade',
        'again',
        'Wiki',
        'FileSystem',
        'Service',
        'Before',
        'Final',
        '111111',
        '333333',
        'version 1',
        'version 2 again',
        'deleted',
        '6 min, deleted',
        '6 min, still there',
      ]),
    );
  });

  test('leaves out what nobody looks for', () => {
    expect(svg).not.toContain('Role');
  });

  test('has one lane for each backup, and for a resource that was updated or protected', () => {
    const labels = (picture: string) =>
      shown(picture).filter((label) => ['FileSystem', 'Service', 'Before', 'Final'].includes(label));
    expect(labels(svg)).toEqual(['FileSystem', 'Service', 'Before', 'Before', 'Final']);
    expect(labels(timelineSvg(historyWith({ dependsOn: () => [], backups: [] })))).toEqual(['Service']);
  });

  test('tells the rest when one points at something', () => {
    expect(barsIn(svg).map(({ kind, says }) => `${kind} ${says}`)).toEqual(
      expect.arrayContaining([
        'good Wiki, version 1: CREATE_COMPLETE, Mon 2 Nov 09:00, 19 min 0 s',
        'failed Wiki/Service: not updated, Mon 2 Nov 10:47, 1 min 0 s',
        'back Wiki/Service: taken back, Mon 2 Nov 10:49, 2 min 0 s',
        `backup Wiki/Before (${ONE}): made, Mon 2 Nov 09:10, 6 min 0 s; deleted Tue 3 Nov 09:04`,
      ]),
    );
    expect(svg).toContain(`<title>Wiki/Before (${TWO}) protects Wiki/Service</title>`);
  });

  test('is to scale, with the backup before the change', () => {
    const made = barsIn(svg).find(({ says }) => says.includes(ONE))!;
    const created = barsIn(svg).find(({ says }) => says.includes('Service: created'))!;
    expect(made.width).toBeCloseTo(3 * created.width, 0);
    expect(made.x + made.width).toBeLessThan(created.x);
  });

  test("has an arrow for every change that is protected, from the backup's lane up to the change", () => {
    const arrows = [
      ...svg.matchAll(/<g>\s*<title>[^<]*<\/title>\s*<path d="M([\d.]+) ([\d.]+) V([\d.]+)"/g),
    ].map(([, ...numbers]) => numbers.map(Number));
    expect(arrows).toHaveLength(4);
    const laneOf = (says: string) => barsIn(svg).find((bar) => bar.says.includes(says))!.y + 7;
    const [x, from, to] = arrows[0];
    expect(x).toBe(barsIn(svg).find(({ says }) => says.includes('Service: created'))!.x);
    expect([from, to - 5 - 7]).toEqual([laneOf(ONE), laneOf('Service: created')]);
  });

  test('has no text on top of another, and none outside', () => {
    expect(overlapsIn(svg)).toEqual([]);
    expect(outsideOf(svg)).toEqual([]);
  });

  test('shortens what is too long', () => {
    const long = timelineSvg(
      historyWith({ backups: [backup(ONE, 10, 6, { name: `Wiki/${'Long'.repeat(60)}` })] }),
    );
    expect(shown(long)).toContainEqual(expect.stringMatching(/^LongLong.*…$/));
    expect(overlapsIn(long)).toEqual([]);
  });

  test("takes nobody's text for its own", () => {
    const evil = '<script>alert("1 & 2")</script>';
    const picture = timelineSvg(
      historyWith({
        backups: [backup(ONE, 10, 6, { name: evil })],
        chapters: [{ title: evil, label: evil, at: NINE }],
      }),
    );
    expect(picture).not.toContain('<script');
    expect(picture).toContain('&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;');
  });

  test("needs nothing else, and follows the reader's choice of light or dark", () => {
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\((?!#)|@import|href|src=/);
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
  });

  test('is well-formed', () => {
    const open: string[] = [];
    for (const [, closes, name, isEmpty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (closes) expect(open.pop()).toBe(name);
      else if (!isEmpty) open.push(name);
    }
    expect(open).toEqual([]);
    expect(svg).not.toMatch(/undefined|NaN|Infinity/);
  });

  test('is drawn of a story in which nothing happened', () => {
    expect(timelineSvg(historyWith({ entries: [], backups: [], chapters: [] }))).not.toMatch(
      /undefined|NaN|Infinity/,
    );
  });

  test('comes as a page too', () => {
    const page = timelinePage(historyOf(RECORDS));
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain(svg);
  });
});
