import { failedId, isPlaceholder } from '../../lambda/physical-id';
import { BACKUP, STACK_ID } from '../fixtures/events';

const of = (type: 'Create' | 'Update' | 'Delete', physicalId = '') => ({
  type,
  physicalId,
  stackId: STACK_ID,
  requestId: 'request-1',
  logicalId: 'Backup',
});

describe('the id of a failed Create', () => {
  test('is its backup’s, if there is one', () => {
    expect(failedId(of('Create'), true, BACKUP)).toBe(BACKUP);
  });

  test('is the token of CreateBackup, if that may have been called', () => {
    expect(failedId(of('Create'), true)).toMatch(/^Files\.Backup\.[0-9a-f]{20}$/);
    expect(isPlaceholder(failedId(of('Create'), true))).toBe(false);
  });

  test('says so, if CreateBackup was never called', () => {
    expect(failedId(of('Create'), false)).toMatch(/^none-Files\.Backup\.[0-9a-f]{20}$/);
    expect(isPlaceholder(failedId(of('Create'), false))).toBe(true);
  });

  test('is another for another request', () => {
    expect(failedId(of('Create'), false)).not.toBe(failedId({ ...of('Create'), requestId: 'r2' }, false));
  });
});

test('the id of any other failed request is its own', () => {
  expect(failedId(of('Update', BACKUP), true, 'backup-0aaaaaaaaaaaaaaaa')).toBe(BACKUP);
  expect(failedId(of('Delete', 'none'), false)).toBe('none');
});

test('`none` is no placeholder of a failed Create', () => {
  expect(isPlaceholder('none')).toBe(false);
});
