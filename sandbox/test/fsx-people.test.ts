import { OPENZFS, world } from './fsx-fixture';
import { People } from '../fsx/people';
import { Journal } from '../journal';

const UNKNOWN = 'backup-0123456789abcdef0';

function withPeople(options: Parameters<typeof world>[0] = {}) {
  const all = world(options);
  const journal = new Journal(all.clock);
  const { fileSystemId } = all.service.createFileSystem(OPENZFS);
  const backup = all.service.plantBackup({ fileSystemId, lifecycle: 'AVAILABLE' });
  return { ...all, journal, backup, people: new People({ fsx: all.service, journal }) };
}

test('people tag a backup, and the journal knows who it was', () => {
  const { people, backup, journal, asked } = withPeople();
  expect(people.tag(backup.id, 'hold', 'audit')).toBe(true);
  expect([...backup.tags]).toEqual([['hold', 'audit']]);
  expect(journal.of('person')).toMatchObject([
    { act: 'tag', backupId: backup.id, key: 'hold', value: 'audit' },
  ]);
  expect(asked).toEqual([]);
});

test('people take a tag away', () => {
  const { people, backup, journal } = withPeople();
  people.tag(backup.id, 'hold', 'audit');
  expect(people.untag(backup.id, 'hold')).toBe(true);
  expect(backup.tags.size).toBe(0);
  expect(journal.of('person').at(-1)).toMatchObject({ act: 'untag', backupId: backup.id, key: 'hold' });
});

test('people delete a backup', () => {
  const { people, backup, journal, service } = withPeople();
  expect(people.deleteBackup(backup.id)).toBe(true);
  expect(service.backups.has(backup.id)).toBe(false);
  expect(journal.of('person')).toMatchObject([{ act: 'delete', backupId: backup.id }]);
});

test('people leave alone what is not there', () => {
  const { people, backup, journal } = withPeople();
  expect([
    people.tag(UNKNOWN, 'hold', 'x'),
    people.untag(UNKNOWN, 'hold'),
    people.untag(backup.id, 'hold'),
    people.deleteBackup(UNKNOWN),
  ]).toEqual([false, false, false, false]);
  expect(journal.entries).toEqual([]);
});

test('people leave alone what FSx refuses', () => {
  const { people, backup, journal, service } = withPeople();
  backup.restoringTo = 'fs-0123456789abcdef0';
  expect([people.deleteBackup(backup.id), people.tag(backup.id, 'aws:reserved', 'x')]).toEqual([
    false,
    false,
  ]);
  expect(service.backups.has(backup.id)).toBe(true);
  expect(journal.entries).toEqual([]);
});
