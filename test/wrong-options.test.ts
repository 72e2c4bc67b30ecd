import { App, Stack, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupProvider, FsxFinalBackup } from '../src';

/* What people give who write no TypeScript, or have two copies of the package. */

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Files');
});

const backupOf = (props: any) => new FsxBackup(stack, 'Backup', { source, ...props });

describe('an option of a wrong type', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a source that is an id',
      () => backupOf({ source: 'fs-0498eed5fe91001ec' }),
      /^the source of backup "Files\/Backup" is "fs-0498eed5fe91001ec": give a BackupSource, such as /,
    ],
    [
      'no source',
      () => backupOf({ source: undefined }),
      /the source of backup "Files\/Backup" is undefined: give/,
    ],
    [
      'a construct',
      () => backupOf({ source: new Construct(stack, 'Fs') }),
      /is an object \(Construct\): give a BackupSource/,
    ],
    [
      'a final backup of a list',
      () => new FsxFinalBackup(stack, 'Final', { source: [source] as any }),
      /^the source of final backup "Files\/Final" is a list: give a BackupSource/,
    ],
    [
      'a trigger that is a value',
      () => backupOf({ triggers: ['1.0'] }),
      /^a trigger of "Files\/Backup" is "1.0": give a BackupTrigger, such as BackupTrigger\.onValue/,
    ],
    [
      'a trigger that is added',
      () => backupOf({}).addTrigger(undefined as any),
      /^a trigger of "Files\/Backup" is undefined: give a BackupTrigger/,
    ],
    [
      'a provider that is imported',
      () => backupOf({ provider: FsxBackupProvider.fromStateMachineArn(stack, 'P', ARN) }),
      /^the provider of "Files\/Backup" is an object \(ImportedProvider\): give an FsxBackupProvider/,
    ],
    [
      'a source of a provider',
      () => new FsxBackupProvider(stack, 'P').allowBackupsOf('fs-1' as any),
      /^the source of provider "Files\/P" is "fs-1": give a BackupSource/,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

const ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:Runs';

describe('another copy of the package', () => {
  const other = (): typeof import('../src') => {
    let copy: any;
    jest.isolateModules(() => {
      copy = jest.requireActual('../src');
    });
    return copy;
  };
  const message = (what: string) =>
    new RegExp(
      `^${what} comes from another copy of cdk-fsx-backup, .*: install one version for the whole app`,
    );

  test.each<[string, (copy: typeof import('../src')) => any, string]>([
    [
      'source',
      (copy) => ({ source: copy.BackupSource.fromFileSystemId('fs-0498eed5fe91001ec') }),
      'the source of',
    ],
    ['triggers', (copy) => ({ triggers: [copy.BackupTrigger.onValue('1')] }), 'a trigger of'],
    ['provider', (copy) => ({ provider: new copy.FsxBackupProvider(stack, 'P') }), 'the provider of'],
  ])('is recognized by its %s', (_, props, what) => {
    const given = props(other());
    expect(() => backupOf(given)).toThrow(message(`${what}.* "Files/Backup"`));
  });

  test('is recognized by the provider that it has defined for the stack', () => {
    const copy = other();
    const first = copy.BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
    new copy.FsxBackup(stack, 'First', { source: first });
    expect(() => backupOf({})).toThrow(message('the provider of "Files/Backup"'));
  });
});

describe('the tags of the stack', () => {
  const tags = { CostCenter: '4711' };
  const tagsIn = (of: Stack) =>
    ['Custom::FsxBackup', 'Custom::FsxFinalBackup'].flatMap((type) =>
      Object.values(Template.fromStack(of).findResources(type)).map(({ Properties }) =>
        Object.fromEntries(Properties.Tags.map(({ Key, Value }: any) => [Key, Value])),
      ),
    );
  const define = () => {
    const tagged = new Stack(new App(), 'Tagged', { tags });
    const backup = new FsxBackup(tagged, 'Backup', { source, triggers: [BackupTrigger.onValue('1')] });
    return { tagged, backup, final: new FsxFinalBackup(tagged, 'Final', { source }) };
  };

  test('are on the backups, too', () => {
    const { tagged } = define();
    expect(tagsIn(tagged)).toEqual([
      { CostCenter: '4711', Name: 'Tagged/Backup 1' },
      { CostCenter: '4711', Name: 'Tagged/Final' },
    ]);
  });

  test('give way to others, and can be removed', () => {
    const { tagged, backup, final } = define();
    Tags.of(backup).add('CostCenter', '12');
    Tags.of(final).remove('CostCenter');
    expect(tagsIn(tagged)).toEqual([{ CostCenter: '12', Name: 'Tagged/Backup 1' }, { Name: 'Tagged/Final' }]);
  });
});

test('a path is cut between characters, not inside of one', () => {
  const parent = new Construct(stack, '𠮷'.repeat(129));
  new FsxBackup(parent, 'Backup', { source });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
  const [{ Value }] = Properties.Tags;
  expect(Value).toMatch(/^𠮷+\/Backup$/u);
  expect(Value.length).toBeLessThanOrEqual(256);
});

test('fromBackupId lets the dummy value of a look-up pass', () => {
  expect(() => FsxBackup.fromBackupId(stack, 'Imported', 'dummy-value-for-/files/id')).not.toThrow();
  expect(() => FsxBackup.fromBackupId(stack, 'Other', 'dummy')).toThrow(/is not the id of an FSx backup/);
});
