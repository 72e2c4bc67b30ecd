import { isDeployed, sourceId, sourceWithId } from '../../lambda/source';
import { FILE_SYSTEM, VOLUME } from '../fixtures/events';

test.each([
  [FILE_SYSTEM, { FileSystemId: FILE_SYSTEM }],
  ['fs-01234567', { FileSystemId: 'fs-01234567' }],
  [VOLUME, { VolumeId: VOLUME }],
  ['fs-', undefined],
  ['fs-0123456', undefined],
  ['fs-0123456789abcdef012', undefined],
  ['fs-0498EED5FE91001EC', undefined],
  ['fs-0498eed5fe91001ec\n', undefined],
  ['fsvol-0123456789abcdef', undefined],
  ['svm-0123456789abcdef0', undefined],
  ['', undefined],
])('%j is the source %j', (id, source) => {
  expect(sourceWithId(id)).toEqual(source);
});

test('a source is called by its id, or by what a stack has deployed', () => {
  const sources = [
    { FileSystemId: FILE_SYSTEM },
    { VolumeId: VOLUME },
    { logicalId: 'Files' },
    { logicalId: 'Files', stack: 'Prod' },
  ];
  expect(sources.map(sourceId)).toEqual([FILE_SYSTEM, VOLUME, 'Files', 'Prod/Files']);
  expect(sources.map(isDeployed)).toEqual([false, false, true, true]);
});
