import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BackupRecord,
  type FileSystemType,
  Sandbox,
  shownDate,
  type Terminal,
  terminalOf,
  type TerminalOptions,
  wrapped,
} from '../sandbox';
import { historyOf, type Chapter, type History } from './history';
import { scenesOf, synthesizeAll, type Existing, type Scene } from './scenes';
import { backupSummaries, summaryTable } from './summary';

export interface Told {
  /** the claims that turned out not to be true */
  untrue: string[];
  history: History;
}

const MINUTE = 60_000;
const DURATION: Record<FileSystemType, number> = {
  WINDOWS: 8 * MINUTE,
  LUSTRE: 12 * MINUTE,
  OPENZFS: 6 * MINUTE,
  ONTAP: 7 * MINUTE,
};

/** Tell the whole story. */
export async function tellStory(options: TerminalOptions = {}): Promise<Told> {
  const sandbox = await Sandbox.start({
    fsx: { backupDuration: ({ fileSystemType }) => DURATION[fileSystemType] },
  });
  const { clock, cloudFormation, journal } = sandbox;
  const terminal = terminalOf(sandbox, options);
  const directory = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  const backups = everyBackupOf(sandbox);
  const existing = createExisting(sandbox);
  try {
    terminal.print('Synthesizing the examples ...');
    const assemblies = await synthesizeAll(directory, existing);
    const untrue: string[] = [];
    const chapters: Chapter[] = [];
    for (const [index, scene] of scenesOf({
      sandbox,
      terminal,
      assemblies,
      existing,
      backups,
    }).entries()) {
      await clock.run(clock.sleep(Date.parse(scene.begins) - clock.now()));
      terminal.brief = index > 0;
      chapters.push({ title: scene.title, label: scene.label, at: clock.now() });
      untrue.push(...(await show(scene, index + 1, clock.now(), terminal)));
    }
    heading(
      terminal,
      'What it came to',
      'Every backup that was taken or exists. FSx itself took those of no stack: automatically, or as the ' +
        'last one of a file system that was deleted. Polls are calls of DescribeBackups. All times are ' +
        'virtual.',
    );
    terminal.print(summaryTable(backupSummaries(sandbox), terminal));
    const dependsOn = (stack: string, logicalId: string) =>
      cloudFormation.stack(stack).resources[logicalId]?.dependsOn ?? [];
    return {
      untrue,
      history: historyOf({ entries: journal.entries, backups, chapters, dependsOn, until: clock.now() }),
    };
  } finally {
    await sandbox.close();
    rmSync(directory, { recursive: true });
  }
}

/** FSx forgets deleted backups; a story does not. */
function everyBackupOf({ journal, fsx }: Sandbox): ReadonlySet<BackupRecord> {
  const backups = new Set<BackupRecord>();
  journal.onEntry(() => fsx.backups.forEach((backup) => backups.add(backup)));
  return backups;
}

function createExisting({ fsx }: Sandbox): Existing {
  const create = (properties: object) => fsx.createFileSystem(properties).fileSystemId;
  return {
    shared: create({
      FileSystemType: 'WINDOWS',
      StorageCapacity: 2048,
      WindowsConfiguration: { ThroughputCapacity: 64, DeploymentType: 'MULTI_AZ_1' },
    }),
    archive: create({
      FileSystemType: 'LUSTRE',
      StorageCapacity: 96 * 1024,
      LustreConfiguration: { DeploymentType: 'PERSISTENT_2', PerUnitStorageThroughput: 125 },
    }),
  };
}

/** Show a scene; the claims that are not true. */
async function show(
  { title, words, act, claims }: Scene,
  number: number,
  since: number,
  terminal: Terminal,
): Promise<string[]> {
  const { colours, columns, print } = terminal;
  heading(terminal, `${number}. ${title}`, words, since);
  await act();
  print();
  const untrue = Object.entries(claims)
    .filter(([, holds]) => !isTrue(() => holds(since)))
    .map(([claim]) => claim);
  for (const claim of Object.keys(claims)) {
    const [first, ...more] = wrapped(claim, Math.min(columns, 120) - 10);
    print(untrue.includes(claim) ? colours.red(`  NOT SO: ${first}`) : `  ${colours.green('ok')} ${first}`);
    for (const line of more) print(`     ${line}`);
  }
  return untrue.map((claim) => `scene ${number}: ${claim}`);
}

/** What is said of something that does not exist is not true. */
function isTrue(holds: () => boolean): boolean {
  try {
    return holds();
  } catch {
    return false;
  }
}

function heading({ print, tell, colours }: Terminal, title: string, words: string, at?: number): void {
  const date = at === undefined ? '' : ` ${shownDate(at)}`;
  print();
  print(colours.bold(`── ${title} ${'─'.repeat(Math.max(0, 74 - title.length - date.length))}${date}`));
  tell(words);
  print();
}
