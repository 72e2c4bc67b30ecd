import { PassThrough } from 'node:stream';
import { tellStory } from '../../sandbox/demo/story';

jest.setTimeout(60_000);

test('the demo goes as its story says, and reads well in a log', async () => {
  let text = '';
  const untrue = await tellStory({ out: new PassThrough().on('data', (chunk) => { text += chunk; }) });
  expect(untrue).toEqual([]);

  expect(text.match(/^── .* ─/gm)).toHaveLength(7);
  expect(text.match(/^ {2}ok /gm)!.length).toBeGreaterThanOrEqual(6);
  expect(text).toMatch(/CREATE_FAILED +\| Custom::FsxBackup +\| Backup \(Backup[0-9A-F]+\)\n +Received response status \[FAILED\]/);
  expect(text).not.toContain('\u001b');

  const rows = text.split('\n').filter((line) => /^│ (FourKinds|QuickStart|Development|development)/.test(line)).map((line) => line.split('│').slice(1, 4).map((cell) => cell.trim()));
  expect(rows).toEqual([
    ['development home', 'OPENZFS', 'deleted'],
    ['Development/SharedBackup', 'WINDOWS', 'deleted'],
    ['FourKinds/LustreBackup', 'LUSTRE', 'AVAILABLE,'],
    ['FourKinds/OntapBackup', 'ONTAP', 'AVAILABLE,'],
    ['FourKinds/OpenZfsBackup', 'OPENZFS', 'AVAILABLE,'],
    ['FourKinds/WindowsBackup', 'WINDOWS', 'AVAILABLE,'],
    ['QuickStart/Backup', 'LUSTRE', 'FAILED'],
  ]);
});
