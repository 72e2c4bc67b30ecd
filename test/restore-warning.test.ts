import {
  Annotations as CdkAnnotations,
  App,
  aws_fsx as fsx,
  CfnOutput,
  CfnResource,
  Duration,
  Fn,
  Lazy,
  NestedStack,
  Stack,
} from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupProps } from '../src';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const triggers = [BackupTrigger.onValue('1')];
const define = (props: Partial<FsxBackupProps> = {}, scope: Construct = stack) =>
  new FsxBackup(scope, 'Backup', {
    source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
    triggers,
    ...props,
  });
const fileSystem = (backupId: string, scope: Construct = stack) =>
  new fsx.CfnFileSystem(scope, 'Restored', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'], backupId });
const volume = (backupId: string, scope: Construct = stack) =>
  new fsx.CfnVolume(scope, 'Restored', { name: 'vol', volumeType: 'ONTAP', backupId });

/** The constructs that are warned about, with the texts. */
function warnings(of: Stack = stack): Array<[string, string]> {
  return Annotations.fromStack(of)
    .findWarning('*', Match.stringLikeRegexp('cdk-fsx-backup:(restoreFrom|exportOf)Triggered'))
    .map(({ id, entry }) => [id, String(entry.data)]);
}

const WARNING = expect.stringMatching(
  new RegExp(
    [
      new RegExp(
        /^its backupId is that of "Files\/Backup", which takes another backup whenever a /.source +
          /trigger changes: CloudFormation would then replace /.source,
      ),
      new RegExp(
        /"[\w/]+" by a new one, restored from that backup, and delete this one with its data\. /.source +
          /Restore from an id that stays the same/.source,
      ),
      /.*\[ack: cdk-fsx-backup:restoreFromTriggered\]$/,
    ]
      .map(({ source }) => source)
      .join(''),
  ),
);

describe.each([Duration.hours(1), Duration.hours(6)])('with a timeout of %s', (timeout) => {
  test.each<[string, (id: string, scope?: Construct) => CfnResource]>([
    ['a file system', fileSystem],
    ['a volume', volume],
  ])('it warns of %s that is restored from a backup with triggers', (_, restored) => {
    restored(define({ timeout }).backupId);
    expect(warnings()).toEqual([['/Files/Restored', WARNING]]);
  });

  test('it warns of one in another stack', () => {
    const other = new Stack(app, 'Other');
    fileSystem(define({ timeout }).backupId, other);
    expect(warnings(other)).toEqual([['/Other/Restored', WARNING]]);
    expect(warnings()).toEqual([
      [
        '/Files/Backup',
        expect.stringMatching(/exports a value of this backup, which changes with each new backup/),
      ],
    ]);
  });

  test('it warns of an export by name, and not of an output', () => {
    const backup = define({ timeout });
    new CfnOutput(stack, 'Plain', { value: backup.backupId });
    new CfnOutput(stack, 'Named', { value: backup.backupArn, exportName: 'backup' });
    expect(warnings()).toEqual([
      [
        '/Files/Backup',
        expect.stringMatching(
          /^"Files\/Named" exports .*SSM parameter.*\[ack: cdk-fsx-backup:exportOfTriggered\]$/,
        ),
      ],
    ]);
  });

  test('it warns of an export that has a value of the backup among others', () => {
    new CfnOutput(stack, 'Named', {
      value: `${stack.region} ${define({ timeout }).backupId}`,
      exportName: 'backup',
    });
    expect(warnings()).toEqual([['/Files/Backup', expect.stringMatching(/^"Files\/Named" exports /)]]);
  });

  test('it does not warn of an export of something else', () => {
    define({ timeout });
    new CfnOutput(stack, 'Named', {
      value: fileSystem('backup-03e3c82e0183b7b6b').ref,
      exportName: 'file-system',
    });
    expect(warnings()).toEqual([]);
  });

  test('it warns of one in a nested stack', () => {
    const inner = new NestedStack(stack, 'Inner');
    fileSystem(define({ timeout }).backupId, inner);
    expect(warnings()).toEqual([['/Files/Inner/Restored', WARNING]]);
  });

  test('it warns of each, once', () => {
    const backup = define({ timeout });
    for (const id of ['A', 'B']) fileSystem(backup.backupId, new Construct(stack, id));
    expect(warnings().map(([path]) => path)).toEqual(['/Files/A/Restored', '/Files/B/Restored']);
  });

  test('it warns where the trigger comes later, and where the id is set later', () => {
    const restored = fileSystem('backup-03e3c82e0183b7b6b');
    const backup = define({ timeout, triggers: [] });
    backup.addTrigger(...triggers);
    restored.backupId = backup.backupId;
    expect(warnings()).toEqual([['/Files/Restored', WARNING]]);
  });

  test('it warns of any trigger', () => {
    fileSystem(define({ timeout, triggers: [BackupTrigger.everyDeployment()] }).backupId);
    expect(warnings()).toHaveLength(1);
  });

  test('it does not warn without triggers', () => {
    fileSystem(define({ timeout, triggers: undefined }).backupId);
    expect(warnings()).toEqual([]);
  });

  const acknowledge = (scope: Construct) =>
    CdkAnnotations.of(scope).acknowledgeWarning('cdk-fsx-backup:restoreFromTriggered', 'rehearsal');

  test.each(['before', 'after'])(
    'it does not warn where that was acknowledged for the stack %s the backup was defined',
    (when) => {
      if (when === 'before') acknowledge(stack);
      fileSystem(define({ timeout }).backupId);
      if (when === 'after') acknowledge(stack);
      expect(warnings()).toEqual([]);
    },
  );

  test('acknowledging it for one construct leaves the other', () => {
    const backup = define({ timeout });
    const [one] = ['A', 'B'].map((id) => {
      const scope = new Construct(stack, id);
      fileSystem(backup.backupId, scope);
      return scope;
    });
    acknowledge(one);
    expect(warnings().map(([path]) => path)).toEqual(['/Files/B/Restored']);
  });

  test('acknowledging it for the file system itself is enough', () => {
    acknowledge(fileSystem(define({ timeout }).backupId));
    expect(warnings()).toEqual([]);
  });

  test('it does not warn of a file system that is restored from an id', () => {
    const { backupId } = FsxBackup.fromBackupId(stack, 'Old', 'backup-03e3c82e0183b7b6b');
    define({ timeout });
    fileSystem(backupId);
    expect(warnings()).toEqual([]);
  });

  test('it does not warn of a file system that is restored from another backup, without triggers', () => {
    define({ timeout });
    const other = new FsxBackup(stack, 'Other', {
      source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
    });
    fileSystem(other.backupId);
    expect(warnings()).toEqual([]);
  });

  test('it does not warn of what else uses the id', () => {
    const restored = fileSystem('backup-03e3c82e0183b7b6b');
    restored.kmsKeyId = define({ timeout }).backupId;
    new CfnResource(stack, 'Thing', { type: 'AWS::X::Y', properties: { BackupId: restored.kmsKeyId } });
    expect(warnings()).toEqual([]);
  });

  test('it does not warn of a file system that only waits for the backup', () => {
    fileSystem('backup-03e3c82e0183b7b6b').node.addDependency(define({ timeout }));
    expect(warnings()).toEqual([]);
  });
});

test.each<[string, (id: string) => string]>([
  ['joined', (id) => Fn.join('', [id])],
  ['late', (id) => Lazy.string({ produce: () => id })],
  ['substituted', (id) => Fn.sub('${Id}', { Id: id })],
])('a file system whose id is %s is warned of too', (_, wrap) => {
  fileSystem(wrap(define().backupId));
  expect(warnings()).toEqual([['/Files/Restored', WARNING]]);
});

test('an L1 without its class is warned of too', () => {
  new CfnResource(stack, 'Restored', {
    type: 'AWS::FSx::FileSystem',
    properties: { FileSystemType: 'OPENZFS', BackupId: define().backupId },
  });
  expect(warnings()).toEqual([['/Files/Restored', WARNING]]);
});

test('a warning does not keep the app from being synthesized, nor changes the template', () => {
  fileSystem(define().backupId);
  const { template } = app.synth().getStackArtifact(stack.artifactId);
  expect(template.Resources.Restored.Properties.BackupId).toEqual({
    'Fn::GetAtt': [expect.stringMatching(/^Backup/), 'BackupId'],
  });
  expect(template.Resources.Restored).not.toHaveProperty('Metadata');
});
