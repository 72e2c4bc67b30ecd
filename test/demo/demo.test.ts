import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { outsideOf, overlapsIn, textsIn } from './svg-reading';
import { ofStack, type BackupLife, type History, withoutTime } from '../../demo/history';
import { tellStory } from '../../demo/story';
import { timelineSvg } from '../../demo/timeline';
import { synthesize } from '../../sandbox';
import { nameOf, start, temporary } from '../fixtures';

jest.setTimeout(120_000);

describe('the demo', () => {
  let text = '';
  let untrue: string[];
  let history: History;
  beforeAll(async () => {
    ({ untrue, history } = await tellStory({
      out: new PassThrough().on('data', (chunk) => {
        text += chunk;
      }),
    }));
  });

  test('goes as its story says', () => {
    expect(untrue).toEqual([]);
  });

  test('reads well in a log', () => {
    expect(text.match(/^── .* ─/gm)).toHaveLength(17);
    expect(text.match(/^ {2}ok /gm)!.length).toBeGreaterThanOrEqual(30);
    expect(text).toMatch(
      new RegExp(
        /CREATE_FAILED +\| Custom::FsxBackup +\| Backup \(Backup[0-9A-F]+\)\n +Received /.source +
          /response status \[FAILED\]/.source,
      ),
    );
    expect(text).not.toContain('\u001b');
  });

  test('ends with what became of each backup', () => {
    const names = /^│ (Archive|FourKinds|QuickStart|Development|development|Shop|Wiki)/;
    const rows = text
      .split('\n')
      .filter((line) => names.test(line))
      .map((line) => line.split('│').map((cell) => cell.trim()));
    const timed = rows.filter(([, name]) => name !== withoutTime(name));
    expect(timed).toHaveLength(rows.length - 1); // but for the one that has a name of its own
    expect(
      rows.map(([, name, kind, now, took, , , , executions]) => [
        withoutTime(name),
        kind,
        now,
        took,
        executions,
      ]),
    ).toEqual([
      // one execution for the backup, and one for each of its six continuations
      ['Archive/Backup 1', 'LUSTRE', 'AVAILABLE', '5 h 0 min', '7'],
      // here and below: one to take it, and one to delete, to tag or to keep it
      ['development home', 'OPENZFS', 'deleted', '6 min 28 s', '2'],
      ['Development/SharedBackup', 'WINDOWS', 'deleted', '23 min 21 s', '2'],
      ['FourKinds/LustreBackup', 'LUSTRE', 'AVAILABLE,', '12 min 21 s', '2'],
      ['FourKinds/OntapBackup', 'ONTAP', 'AVAILABLE,', '7 min 6 s', '2'],
      ['FourKinds/OpenZfsBackup', 'OPENZFS', 'AVAILABLE,', '6 min 28 s', '2'],
      ['FourKinds/WindowsBackup', 'WINDOWS', 'AVAILABLE,', '8 min 34 s', '2'],
      ['QuickStart/Backup', 'LUSTRE', 'FAILED', '12 min 21 s', '1'],
      ['Shop/Guard', 'OPENZFS', 'AVAILABLE', '6 min 28 s', '1'],
      ['Shop/Guard', 'OPENZFS', 'AVAILABLE', '6 min 28 s', '1'],
      ['Shop/Guard', 'OPENZFS', 'AVAILABLE', '6 min 28 s', '1'],
      ['Wiki/BeforeChange', 'OPENZFS', 'AVAILABLE,', '6 min 28 s', '1'],
      ['Wiki/BeforeUpgrade', 'OPENZFS', 'deleted', '6 min 28 s', '2'],
      // deleted, and returned to by the rollback
      ['Wiki/BeforeUpgrade', 'OPENZFS', 'deleted', '6 min 28 s', '3'],
      // of the upgrade that was rolled back
      ['Wiki/BeforeUpgrade', 'OPENZFS', 'AVAILABLE,', '6 min 28 s', '2'],
      ['Wiki/BeforeUpgrade', 'OPENZFS', 'AVAILABLE,', '6 min 28 s', '1'],
      ['Wiki/Final', 'OPENZFS', 'AVAILABLE,', '6 min 28 s', '1'],
    ]);
  });

  test('knows what protects what', () => {
    const numberOf = (backup: BackupLife) =>
      history.backups.filter(({ name }) => name === backup.name).indexOf(backup) + 1;
    const sentences = history.protections.map(({ backup, change: { kind, logicalId } }) => {
      return `${backup.name} ${numberOf(backup)}: ${kind} ${logicalId.replace(/[0-9A-F]{8}$/, '')}`;
    });
    expect(sentences).toEqual([
      'Wiki/BeforeUpgrade 1: create Service',
      'Wiki/BeforeUpgrade 2: update Service',
      'Wiki/BeforeChange 1: update FileSystem',
      'Wiki/BeforeUpgrade 3: update Service',
      'Wiki/BeforeUpgrade 4: update Service',
      'Archive/Backup 1 1: create NewestBackup',
      'Wiki/Final 1: delete FileSystem',
      'Shop/Guard 1: update Service',
      // of the data that an upgrade has ruined: the file system is restored, and so the service changes
      'Shop/Guard 2: update FileSystem',
      'Shop/Guard 2: update Service',
      'Shop/Guard 3: update Service',
    ]);
  });

  test('is drawn as a timeline with all its backups, and with texts that can be read', () => {
    const svg = timelineSvg(history);
    const texts = textsIn(svg).map(({ content }) => content);
    for (const { id } of history.backups) expect(texts).toContain(id.slice(7, 13));
    expect(texts).toEqual(
      expect.arrayContaining([
        '1. Version 1',
        'version 1',
        'version 2',
        'version 3',
        'version 3 again',
        '5 h, still there',
      ]),
    );
    expect(overlapsIn(svg)).toEqual([]);
    expect(outsideOf(svg)).toEqual([]);
  });

  test.each([
    ['timeline.svg', 'Wiki', ['1. Version 1', '6. The wiki goes', 'version 3 again', 'Final'], 'Shop'],
    [
      'restore.svg',
      'Shop',
      ['1. A shop', 'version 2', 'version 1, restored', '4. And they stay', "FSx's own"],
      'Wiki',
    ],
  ])('is drawn in docs/%s, as far as it is %s: else draw it, npm run pictures', (file, stack, has, not) => {
    const shownIn = (svg: string) =>
      textsIn(svg).map(({ content }) => content.replace(/^[0-9a-f]{6}$/, 'id'));
    const drawn = readFileSync(join(__dirname, '../../docs', file), 'utf8');
    const svg = timelineSvg(ofStack(history, stack));
    expect(shownIn(drawn)).toEqual(shownIn(svg));
    expect(shownIn(svg)).toEqual(expect.arrayContaining(has));
    expect(shownIn(svg)).not.toEqual(expect.arrayContaining([not]));
    expect(overlapsIn(svg)).toEqual([]);
    expect(outsideOf(svg)).toEqual([]);
  });
});

test('the example with an ONTAP volume does what the demo shows for a file system', async () => {
  const example = (context: Record<string, string>) =>
    synthesize(join(__dirname, '../../examples/typescript/ontap-volume'), { context, outdir: temporary() });
  const world = await start();
  const names = () => world.backups.map(nameOf);
  expect((await world.deploy(await example({}))).Projects.status).toBe('CREATE_COMPLETE');
  expect(names()).toEqual([]);
  expect((await world.deploy(await example({ megabytes: '204800' }))).Projects.status).toBe(
    'UPDATE_COMPLETE',
  );
  expect(names()).toEqual(['Projects/BeforeChange']);
  expect((await world.destroy('Projects')).status).toBe('DELETE_COMPLETE');
  expect(names()).toEqual(['Projects/BeforeChange', 'Projects/Final']);
});
