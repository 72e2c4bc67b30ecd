import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { main } from '../../demo/deploy';
import { synthesize } from '../../sandbox';

jest.setTimeout(60_000);

const DEVELOPMENT = join(__dirname, '../../examples/typescript/development');

/** The exit code, and what is written where. */
async function run(...args: string[]) {
  const texts = { out: '', err: '' };
  const stream = (name: keyof typeof texts) =>
    new PassThrough().on('data', (chunk) => {
      texts[name] += chunk;
    });
  const code = await main(args, { out: stream('out'), err: stream('err') });
  return { code, ...texts };
}

test.each([
  [['--nope', DEVELOPMENT], /Unknown option '--nope'/],
  [[], /give one folder, got 0/],
  [[DEVELOPMENT, DEVELOPMENT], /give one folder, got 2/],
  [['no/such/folder'], /no\/such\/folder is neither the folder of an app/],
  [[DEVELOPMENT, '-c', 'team'], /--context takes key=value, got team/],
  [[DEVELOPMENT, '--busy', 'soon'], /--busy takes a duration like 90s, 20m or 2h, got soon/],
  [[DEVELOPMENT, '--backup-takes', '20 m'], /--backup-takes takes a duration/],
  [
    [DEVELOPMENT, '--existing', 'shared=ONTAP'],
    /--existing takes key=KIND with one of WINDOWS, LUSTRE, OPENZFS, got ONTAP/,
  ],
])('%j is one clear line and exit code 2', async (args, message) => {
  const { code, out, err } = await run(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
  expect(err.trim().split('\n')).toHaveLength(1);
});

test('--help tells the options', async () => {
  const { code, out } = await run('--help');
  expect(code).toBe(0);
  for (const option of [
    '--context',
    '--existing',
    '--backup-takes',
    '--backup-fails',
    '--busy',
    '--destroy',
  ]) {
    expect(out).toContain(option);
  }
});

describe('with an assembly', () => {
  let assembly: string;
  beforeAll(async () => {
    assembly = await synthesize(join(DEVELOPMENT, '../quick-start'));
  });
  afterAll(() => rmSync(assembly, { recursive: true }));

  test("a deployment waits for somebody else's backup, takes its own, and is destroyed", async () => {
    const { code, out } = await run(assembly, '--busy', '30m', '--backup-takes', '5m', '--destroy');
    expect(out).toContain('BackupInProgress');
    expect(out).toMatch(/QuickStart: CREATE_COMPLETE after 4[56] min/);
    expect(out).toMatch(/^QuickStart\.BackupId = backup-[0-9a-f]+$/m);
    expect(out).toContain('QuickStart: DELETE_COMPLETE');
    expect(out).toMatch(/Calls of AWS: .*fsx:CreateBackup \d+/);
    expect(code).toBe(0);
  });

  test('a backup that fails is exit code 1', async () => {
    const { code, out } = await run(assembly, '--backup-fails', 'The disk is full.');
    expect(out).toContain('The disk is full.');
    expect(out).toContain('QuickStart: ROLLBACK_COMPLETE');
    expect(code).toBe(1);
  });
});

test('an app gets the id of a file system that is there before', async () => {
  const { code, out } = await run(DEVELOPMENT, '--existing', 'shared=WINDOWS');
  expect(out).toMatch(/^shared = fs-[0-9a-f]+$/m);
  expect(out).toContain('Development: CREATE_COMPLETE');
  expect(code).toBe(0);
});

test('an app that cannot be synthesized is exit code 1', async () => {
  const { code, err } = await run(DEVELOPMENT, '-c', 'shared=a-volume');
  expect(err).toContain('the app in');
  expect(err).toContain('a-volume');
  expect(code).toBe(1);
});
