import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lifecycleOf, type BackupRecord } from '../fsx/backup';
import type { FileSystemType } from '../fsx/description';
import { Sandbox } from '../sandbox';
import { backupSummaries, summaryTable } from '../summary';
import { synthesize } from '../synthesize';
import { terminalOf, type Terminal, type TerminalOptions } from '../terminal';

/** A part of the story: what is told, what is done, and what must be true afterwards. */
interface Scene {
  title: string;
  words: string;
  /** sentences that are checked */
  claims: Record<string, () => boolean>;
  act(): Promise<unknown>;
}

interface Assemblies {
  fourKinds: string;
  fourKindsOfStorage: string;
  quickStart: string;
  development: string;
}

const EXAMPLES = join(__dirname, '../../examples/typescript');
const MINUTE = 60_000;
const DURATION: Record<FileSystemType, number> = { WINDOWS: 12 * MINUTE, LUSTRE: 18 * MINUTE, OPENZFS: 6 * MINUTE, ONTAP: 9 * MINUTE };
const FAILURE = 'The file system ran out of space for the snapshot that the backup is made from.';

/** Tell the whole story; resolves to the claims that turned out to be untrue. */
export async function tellStory(options: TerminalOptions = {}): Promise<string[]> {
  const sandbox = await Sandbox.start({ fsx: { backupDuration: ({ fileSystemType }) => DURATION[fileSystemType] } });
  const terminal = terminalOf(sandbox, options);
  const shared = sandbox.fsx.createFileSystem({
    FileSystemType: 'WINDOWS', StorageCapacity: 2048, WindowsConfiguration: { ThroughputCapacity: 64, DeploymentType: 'MULTI_AZ_1' },
  }).fileSystemId;
  const directory = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  try {
    terminal.print('Synthesizing the examples ...');
    const assemblies = await synthesizeAll(directory, shared);
    const untrue: string[] = [];
    for (const [index, scene] of scenesOf(sandbox, terminal, assemblies, shared).entries()) untrue.push(...await show(scene, index + 1, terminal));
    heading(terminal, 'What it came to', 'Every backup that was taken or exists. Those of no stack were made by FSx: '
      + 'automatically, or as the last one of a file system that was deleted. A look is a call of DescribeBackups; all times are virtual.');
    terminal.print(summaryTable(backupSummaries(sandbox), terminal));
    return untrue;
  } finally {
    await sandbox.close();
    rmSync(directory, { recursive: true });
  }
}

async function synthesizeAll(directory: string, shared: string): Promise<Assemblies> {
  const assembly = (example: string, context: Record<string, string> = {}) => {
    return synthesize(join(EXAMPLES, example), { context, outdir: join(directory, [example, ...Object.keys(context)].join('-')) });
  };
  const [fourKinds, fourKindsOfStorage, quickStart, development] = await Promise.all([
    assembly('four-kinds'), assembly('four-kinds', { team: 'storage' }), assembly('quick-start'), assembly('development', { shared }),
  ]);
  return { fourKinds, fourKindsOfStorage, quickStart, development };
}

function scenesOf(sandbox: Sandbox, terminal: Terminal, assemblies: Assemblies, shared: string): Scene[] {
  const { fsx, cloudFormation, clock, journal } = sandbox;
  const backupsOf = (stack: string) => ownBackups(sandbox, cloudFormation.stack(stack).id);
  const lifecycles = (stack: string) => backupsOf(stack).map((backup) => lifecycleOf(backup, clock.now())).sort().join(' ');
  const statusIs = (stack: string, status: string) => () => cloudFormation.stack(stack).status === status;
  const calls = (operation: string) => journal.calls(operation).length;
  const later = (minutes: number) => clock.run(clock.sleep(minutes * MINUTE));
  let stranger: BackupRecord;

  return [
    {
      title: 'A first backup of each kind',
      words: 'The stack FourKinds defines a Windows, a Lustre, an OpenZFS and an ONTAP file system, and a backup of each (of the volume, for ONTAP). '
        + 'The deployment goes on when a backup is AVAILABLE, and not before.',
      act: () => terminal.deploy(assemblies.fourKinds),
      claims: {
        'FourKinds is CREATE_COMPLETE': statusIs('FourKinds', 'CREATE_COMPLETE'),
        'it has four backups, all AVAILABLE': () => lifecycles('FourKinds') === 'AVAILABLE AVAILABLE AVAILABLE AVAILABLE',
      },
    },
    {
      title: 'Only a tag changes',
      words: 'The same app with `-c team=storage`. Tags change in place; a new tag is no reason for a new backup.',
      act: () => terminal.deploy(assemblies.fourKindsOfStorage),
      claims: {
        'FourKinds is UPDATE_COMPLETE': statusIs('FourKinds', 'UPDATE_COMPLETE'),
        'no backup was taken: CreateBackup was called four times, all in the first scene': () => calls('fsx:CreateBackup') === 4,
        'all four backups carry team=storage': () => backupsOf('FourKinds').every(({ tags }) => tags.get('team') === 'storage'),
      },
    },
    {
      title: 'A backup fails',
      words: 'FSx cannot finish the backup of the stack QuickStart. The deployment fails, with the reason that FSx gave, and is rolled back.',
      act: async () => {
        fsx.options.fail = () => FAILURE;
        await terminal.deploy(assemblies.quickStart);
        fsx.options.fail = () => undefined;
      },
      claims: {
        'QuickStart is ROLLBACK_COMPLETE': statusIs('QuickStart', 'ROLLBACK_COMPLETE'),
        'the stack event gives the reason of FSx': () => failureOf(sandbox, 'QuickStart').includes(FAILURE),
        'what is left is one FAILED backup, which the reason names: with RETAIN the library may not delete': () => {
          return lifecycles('QuickStart') === 'FAILED' && failureOf(sandbox, 'QuickStart').includes(backupsOf('QuickStart')[0].id);
        },
      },
    },
    {
      title: 'Somebody else\'s backup is in the way',
      words: `The stack Development has an OpenZFS file system of its own, and backs up ${shared}, which belongs to no stack and of which `
        + 'an automatic backup has just begun, of 20 minutes. FSx refuses a second one meanwhile; the library waits for its turn, and then, as '
        + 'this app asks for (WaitUntil.STARTED), only starts its backup.',
      act: async () => {
        stranger = fsx.plantBackup({ type: 'AUTOMATIC', duration: 20 * MINUTE, fileSystemId: shared });
        await terminal.deploy(assemblies.development);
      },
      claims: {
        'Development is CREATE_COMPLETE': statusIs('Development', 'CREATE_COMPLETE'),
        'its backup is AVAILABLE, and that of the shared file system has begun': () => lifecycles('Development') === 'AVAILABLE CREATING',
        'FSx refused it meanwhile': () => journal.calls('fsx:CreateBackup').some(({ error }) => error?.startsWith('BackupInProgress')),
        'it began when the automatic one was over, and not much later': () => {
          const waited = backupsOf('Development').find(({ source }) => source.fileSystemId === shared)!.createdAt - (stranger.createdAt + stranger.duration);
          return waited >= 0 && waited <= 2 * MINUTE;
        },
      },
    },
    {
      title: 'A stack goes, its backups stay',
      words: 'The default is RemovalPolicy.RETAIN: FourKinds is destroyed with its four file systems, and its backups are skipped. '
        + 'FSx itself adds a last backup of a Windows and an OpenZFS file system when it is deleted; those are not of the library.',
      act: () => terminal.destroy('FourKinds'),
      claims: {
        'FourKinds is DELETE_COMPLETE': statusIs('FourKinds', 'DELETE_COMPLETE'),
        'its four backups still exist': () => lifecycles('FourKinds') === 'AVAILABLE AVAILABLE AVAILABLE AVAILABLE',
        'nobody called DeleteBackup': () => calls('fsx:DeleteBackup') === 0,
      },
    },
    {
      title: 'A stack goes, and its backups with it',
      words: 'Development says RemovalPolicy.DESTROY. A quarter of an hour later, when the backup of the shared file system is finished too, it is destroyed.',
      act: async () => {
        await later(15);
        await terminal.destroy('Development');
      },
      claims: {
        'Development is DELETE_COMPLETE': statusIs('Development', 'DELETE_COMPLETE'),
        'its backups are gone': () => backupsOf('Development').length === 0,
        'the automatic backup of the shared file system is still there': () => fsx.backups.has(stranger.id),
        'so are the four backups of FourKinds': () => backupsOf('FourKinds').length === 4,
      },
    },
  ];
}

/** Show a scene; the claims that are not true. */
async function show({ title, words, act, claims }: Scene, number: number, terminal: Terminal): Promise<string[]> {
  const { colours, print } = terminal;
  heading(terminal, `${number}. ${title}`, words);
  await act();
  print();
  const untrue = Object.entries(claims).filter(([, holds]) => !holds()).map(([claim]) => claim);
  for (const claim of Object.keys(claims)) print(untrue.includes(claim) ? colours.red(`  NOT SO: ${claim}`) : `  ${colours.green('ok')} ${claim}`);
  return untrue.map((claim) => `scene ${number}: ${claim}`);
}

function heading({ print, tell, colours }: Terminal, title: string, words: string): void {
  print();
  print(colours.bold(`── ${title} ${'─'.repeat(Math.max(0, 70 - title.length))}`));
  tell(words);
  print();
}

function ownBackups({ fsx }: Sandbox, stackId: string): BackupRecord[] {
  return [...fsx.backups.values()].filter(({ tags }) => tags.get('cdk-fsx-backup:stack-id') === stackId);
}

/** As the stack event of the backup says it. */
function failureOf({ cloudFormation }: Sandbox, stack: string): string {
  return cloudFormation.stack(stack).events.find(({ status, type }) => status === 'CREATE_FAILED' && type === 'Custom::FsxBackup')?.reason ?? '';
}
