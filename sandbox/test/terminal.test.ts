import { PassThrough } from 'node:stream';
import pc from 'picocolors';
import { VirtualClock } from '../clock';
import type { Template } from '../cloudformation/template';
import { Journal } from '../journal';
import {
  eventLines,
  progressIn,
  shownDate,
  shownDuration,
  StackEvent,
  terminalOf,
  TerminalOptions,
  wrapped,
} from '../terminal';

const PLAIN = pc.createColors(false);
const NINE = Date.UTC(2026, 10, 2, 9, 0, 5);
const TEMPLATE: Template = {
  Resources: {
    PreUpgrade1A2B3C4D: {
      Type: 'Custom::AnyBackup',
      Metadata: { 'aws:cdk:path': 'Files/PreUpgrade/Resource/Default' },
    },
    Source: { Type: 'AWS::FSx::FileSystem', Metadata: { 'aws:cdk:path': 'Files/Source' } },
  },
};

function event(given: Partial<StackEvent> = {}): StackEvent {
  return {
    kind: 'event',
    at: NINE,
    stack: 'Files',
    logicalId: 'PreUpgrade1A2B3C4D',
    type: 'Custom::AnyBackup',
    status: 'CREATE_COMPLETE',
    ...given,
  };
}

function lines(
  given: Partial<StackEvent>,
  around: { total?: number; template?: Template; columns?: number } = {},
): string[] {
  const { total, template, columns = 120 } = around;
  return eventLines(event(given), { done: 3, total }, template, columns, PLAIN);
}

function backup(percent: number | undefined, lifecycle: string, given: object = {}) {
  const Tags = [{ Key: 'Name', Value: 'nightly' }];
  return {
    BackupId: 'backup-0123456789abcdef0',
    Lifecycle: lifecycle,
    ProgressPercent: percent,
    Type: 'USER_INITIATED',
    Tags,
    ...given,
  };
}

function call(output: any, operation = 'fsx:DescribeBackups') {
  return { kind: 'call' as const, operation, principal: 'role', input: {}, outcome: 'ok' as const, output };
}

/** A terminal on a journal that the test writes itself. */
function staged(options: TerminalOptions & { tty?: boolean } = {}) {
  const clock = new VirtualClock(NINE);
  const journal = new Journal(clock);
  const out = Object.assign(new PassThrough(), { isTTY: options.tty ?? false, columns: 120 });
  let text = '';
  out.on('data', (chunk) => {
    text += chunk;
  });
  const outcome = {
    status: 'DELETE_COMPLETE',
    outputs: {},
    events: [
      { eventId: '1', ...event() },
      { eventId: '2', ...event({ at: NINE + 61_000 }) },
    ],
  };
  const sandbox = { clock, journal, deploy: async () => ({ Files: outcome }), destroy: async () => outcome };
  const terminal = terminalOf(sandbox, { colours: false, pace: 0, ...options, out });
  const see = (...progress: Array<[number | undefined, string]>) => {
    for (const [percent, lifecycle] of progress) journal.add(call({ Backups: [backup(percent, lifecycle)] }));
  };
  return { clock, journal, terminal, see, text: () => text };
}

describe('a stack event', () => {
  test('is a line with the virtual time, and the name that the CDK knows', () => {
    expect(lines({}, { total: 21, template: TEMPLATE })).toEqual([
      'Files |   3/21 | 09:00:05 | CREATE_COMPLETE      | Custom::AnyBackup          | PreUpgrade',
    ]);
  });

  test('has the logical id where there is no path, and no total where none is known', () => {
    expect(lines({})).toEqual([
      'Files |   3 | 09:00:05 | CREATE_COMPLETE      | Custom::AnyBackup          | PreUpgrade1A2B3C4D',
    ]);
  });

  test('that is a failure gives the whole reason below, and both names', () => {
    const reason = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ');
    const [line, ...below] = lines({ status: 'CREATE_FAILED', reason }, { template: TEMPLATE });
    expect(line).toContain('| PreUpgrade (PreUpgrade1A2B3C4D)');
    expect(below.length).toBeGreaterThan(1);
    expect(below.map((text) => text.trim()).join(' ')).toBe(reason);
    expect(Math.max(...below.map((text) => text.length))).toBeLessThanOrEqual(120);
  });

  test('with a short reason stays one line', () => {
    expect(lines({ reason: 'User Initiated' })).toEqual([
      expect.stringMatching(/PreUpgrade1A2B3C4D: User Initiated$/),
    ]);
  });

  test('with a long name keeps its end, and the width of the terminal', () => {
    const [line] = lines({ logicalId: `${'A'.repeat(80)}TheEnd` });
    expect(line).toMatch(/\| \.\.\.A+TheEnd$/);
    expect(line).toHaveLength(120);
  });

  test('leaves out the type in a narrow terminal', () => {
    expect(lines({}, { columns: 80 })).toEqual([
      'Files |   3 | 09:00:05 | CREATE_COMPLETE      | PreUpgrade1A2B3C4D',
    ]);
  });

  test('colours the status alone', () => {
    const [line] = eventLines(
      event({ status: 'CREATE_FAILED' }),
      { done: 0 },
      undefined,
      100,
      pc.createColors(true),
    );
    expect(line).toContain('\u001b[31mCREATE_FAILED\u001b[39m        |');
  });

  test('with a long status keeps its columns, as with the CDK CLI', () => {
    const [line] = lines({ status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS' });
    expect(line).toContain('| UPDATE_COMPLETE_CLEA | Custom::AnyBackup');
  });

  test('of a resource that nobody waits for is shown when it is done only', () => {
    const { journal, text } = staged();
    for (const status of ['CREATE_IN_PROGRESS', 'CREATE_COMPLETE']) {
      journal.add(event({ type: 'AWS::IAM::Role', logicalId: 'Role', status }));
    }
    expect(text().match(/Role$/gm)).toHaveLength(1);
    expect(text()).toContain('| CREATE_COMPLETE ');
  });

  test('of the supporting cast is left out in brief, unless it is a failure', () => {
    const { journal, terminal, text } = staged();
    terminal.brief = true;
    for (const type of ['AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::EC2::Subnet']) {
      journal.add(event({ type, logicalId: 'Supporting' }));
    }
    expect(text()).toBe('');
    journal.add(event({ type: 'AWS::IAM::Role', logicalId: 'Role', status: 'CREATE_FAILED' }));
    journal.add(event());
    expect(text().match(/^Files \| +\d+/gm)).toEqual(['Files |   3', 'Files |   4']);
  });

  test('counts what is complete, from the beginning of the operation', () => {
    const { journal, text } = staged();
    const ofStack = { type: 'AWS::CloudFormation::Stack', logicalId: 'Files' };
    journal.add(event({ ...ofStack, status: 'CREATE_IN_PROGRESS' }));
    journal.add(event());
    journal.add(event({ ...ofStack, status: 'ROLLBACK_IN_PROGRESS' }));
    journal.add(event({ status: 'DELETE_SKIPPED' }));
    expect(text().match(/^Files \| {3}\d/gm)).toEqual([
      'Files |   0',
      'Files |   1',
      'Files |   0',
      'Files |   1',
    ]);
  });
});

describe('the progress of a backup', () => {
  test('is what FSx answered', () => {
    const shown = { id: 'backup-0123456789abcdef0', name: 'nightly', lifecycle: 'CREATING', percent: 7 };
    expect(progressIn(call({ Backup: backup(7, 'CREATING') }, 'fsx:CreateBackup'))).toEqual([shown]);
    expect(progressIn(call({ Backups: [backup(7, 'CREATING')] }))).toEqual([shown]);
    expect(progressIn({ ...call(undefined), outcome: 'error' })).toEqual([]);
    expect(progressIn(call({ Tags: [] }, 'fsx:ListTagsForResource'))).toEqual([]);
  });

  test('says whose a backup without a name is', () => {
    expect(
      progressIn(call({ Backups: [backup(7, 'CREATING', { Tags: [], Type: 'AUTOMATIC' })] }))[0].name,
    ).toBe('an automatic backup');
  });

  test('is a few lines in a log: beginning, middle, end, and every other lifecycle', () => {
    const { see, text } = staged();
    see(
      [0, 'PENDING'],
      [4, 'PENDING'],
      [10, 'CREATING'],
      [30, 'CREATING'],
      [52, 'CREATING'],
      [60, 'CREATING'],
      [71, 'TRANSFERRING'],
      [100, 'AVAILABLE'],
      [100, 'AVAILABLE'],
    );
    expect(text().match(/\d+ % [A-Z]+/g)).toEqual([
      '0 % PENDING',
      '10 % CREATING',
      '52 % CREATING',
      '71 % TRANSFERRING',
      '100 % AVAILABLE',
    ]);
    expect(text()).toContain('██████████░░░░░░░░░░  52 % CREATING     nightly (backup-0123456789abcdef0)');
    expect(text()).not.toContain('\u001b');
  });

  test('is not shown of a backup that is finished already', () => {
    const { see, text } = staged();
    see([100, 'AVAILABLE']);
    expect(text()).toBe('');
  });

  test('stays where it was when the backup fails', () => {
    const { see, text } = staged();
    see([0, 'CREATING'], [40, 'CREATING'], [undefined, 'FAILED']);
    expect(text()).toContain(' 40 % FAILED ');
  });

  test('is a bar at the foot of a terminal, below the events', async () => {
    const { see, journal, terminal, text } = staged({ tty: true, live: true });
    see([0, 'CREATING'], [20, 'CREATING']);
    expect(text()).toContain(' 20 % CREATING ');
    const before = text().length;
    journal.add(event());
    expect(text().slice(before)).toMatch(/PreUpgrade1A2B3C4D\n[^\n]* 20 % CREATING/);
    await terminal.destroy('Files');
    expect(text()).toMatch(
      / 20 % CREATING {5}nightly[^%]*\nFiles: DELETE_COMPLETE after 1 min 1 s of virtual time\n$/,
    );
  });
});

test('what AWS refuses is said once', () => {
  const { journal, text } = staged();
  const refused = {
    ...call(undefined, 'fsx:CreateBackup'),
    outcome: 'error' as const,
    error: 'BackupInProgress: there is one',
  };
  journal.add(refused);
  journal.add(refused);
  expect(text()).toBe('  fsx:CreateBackup: BackupInProgress: there is one\n');
});

test('who asks for what is not there is answered, and not refused', () => {
  const { journal, text } = staged();
  const question = {
    ...call(undefined, 'cloudformation:DescribeStackResource'),
    outcome: 'error' as const,
    error: 'ValidationError: there is none',
  };
  journal.add(question);
  expect(text()).toBe('');
  journal.add({ ...question, outcome: 'denied', error: 'AccessDenied: no' });
  expect(text()).toContain('AccessDenied');
});

test('virtual time waits for the person who reads', async () => {
  const { clock, journal } = staged({ pace: 60 });
  const since = performance.now();
  journal.add(event());
  await clock.run(clock.sleep(3_600_000));
  expect(performance.now() - since).toBeGreaterThanOrEqual(50);
});

test.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [372_000, '6 min 12 s'],
  [3_600_000, '1 h 0 min'],
])('%d ms are shown as %s', (ms, text) => {
  expect(shownDuration(ms)).toBe(text);
});

test.each([
  [NINE, 'Mon 2 Nov 09:00'],
  [Date.UTC(2026, 11, 24, 23, 59, 59), 'Thu 24 Dec 23:59'],
])('%d is shown as %s', (at, text) => {
  expect(shownDate(at)).toBe(text);
});

test('a word that is longer than the line has a line of its own', () => {
  expect(wrapped('a arn:aws:fsx b c', 5)).toEqual(['a', 'arn:aws:fsx', 'b c']);
});
