import { App, aws_fsx as fsx, CfnParameter, NestedStack, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { fileSystemOf, type Kind } from './fixtures';
import { BackupSource, FsxBackup, RestorePoint } from '../src';

/* What a file system is created from. */

const ID = 'backup-0123456789abcdef0';
const OTHER = 'backup-0fedcba9876543210';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const template = () => Template.fromStack(stack).toJSON();

function restored(backupId: string | undefined, kind: Kind = 'WINDOWS', scope = stack): fsx.CfnFileSystem {
  const fileSystem = fileSystemOf(scope, 'FileSystem', { kind });
  fileSystem.backupId = backupId;
  return fileSystem;
}

function volumeOf(properties: { name: string; junctionPath?: string; backupId?: string }): fsx.CfnVolume {
  const { name, junctionPath, backupId } = properties;
  return new fsx.CfnVolume(stack, 'Volume', {
    name,
    volumeType: 'ONTAP',
    backupId,
    ontapConfiguration: { storageVirtualMachineId: 'svm-0123456789abcdef0', junctionPath },
  });
}

describe('a parameter', () => {
  test('has no default, and takes "new" or the id of a backup', () => {
    restored(RestorePoint.parameter(stack, 'RestoreFrom').backupId);
    const { RestoreFrom } = template().Parameters;
    expect(RestoreFrom.Type).toBe('String');
    expect(RestoreFrom).not.toHaveProperty('Default');
    const isAllowed = (value: string) => new RegExp(RestoreFrom.AllowedPattern).test(value);
    expect(['new', ID, 'backup-01234567'].filter(isAllowed)).toHaveLength(3);
    expect(
      ['', 'NEW', 'newer', 'none', 'fs-0123456789abcdef0', `${ID} `, `x${ID}`, 'backup-0123'].filter(
        isAllowed,
      ),
    ).toEqual([]);
  });

  test('says where it is asked for that another value replaces, and that "new" is empty', () => {
    restored(RestorePoint.parameter(stack, 'RestoreFrom').backupId);
    const { Description, ConstraintDescription } = template().Parameters.RestoreFrom;
    expect(Description).toMatch(/Another value REPLACES the file system.*"new" it is EMPTY/);
    expect(ConstraintDescription).toMatch(/^must be "new", or "backup-" and/);
  });

  test('gives the backup, or no value at all', () => {
    restored(RestorePoint.parameter(stack, 'RestoreFrom').backupId);
    const { Resources, Conditions } = template();
    const [condition, ...others] = Object.keys(Conditions);
    expect(others).toEqual([]);
    expect(Resources.FileSystem.Properties.BackupId).toEqual({
      'Fn::If': [condition, { Ref: 'RestoreFrom' }, { Ref: 'AWS::NoValue' }],
    });
    expect(Conditions[condition]).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'RestoreFrom' }, 'new'] }],
    });
  });

  test('names a restored volume after the backup, and a new one as it is', () => {
    const point = RestorePoint.parameter(stack, 'RestoreFrom');
    volumeOf({
      name: point.nameOf('data'),
      junctionPath: point.nameOf('/data'),
      backupId: point.backupId,
    });
    const { Name, OntapConfiguration } = template().Resources.Volume.Properties;
    // "new-new" has a part with the index 1, too: Fn::Select does not check the bounds
    const texts = { 'Fn::Join': ['', [{ Ref: 'RestoreFrom' }, '-new']] };
    const digits = { 'Fn::Select': [1, { 'Fn::Split': ['-', texts] }] };
    const named = (name: string) => ({
      'Fn::If': [expect.any(String), { 'Fn::Join': ['', [`${name}_`, digits]] }, name],
    });
    expect(Name).toEqual(named('data'));
    expect(OntapConfiguration.JunctionPath).toEqual(named('/data'));
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('is a reason for a guard to take a backup', () => {
    const fileSystem = restored(RestorePoint.parameter(stack, 'RestoreFrom').backupId);
    FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);
    const [backup] = Object.values<any>(Template.fromStack(stack).findResources('Custom::FsxBackup'));
    expect(JSON.stringify(backup.Properties.Triggers)).toContain('{"Ref":"RestoreFrom"}');
  });

  test('may stand in a nested stack, with its file system', () => {
    const nested = new NestedStack(stack, 'Nested', { parameters: { RestoreFrom: 'new' } });
    const point = RestorePoint.parameter(nested, 'RestoreFrom');
    restored(point.backupId, 'OPENZFS', nested);
    expect(() => app.synth()).not.toThrow();
  });

  test('that no file system uses is said', () => {
    RestorePoint.parameter(stack, 'RestoreFrom');
    app.synth();
    Annotations.fromStack(stack).hasWarning(
      '/Files/RestoreFrom',
      Match.stringLikeRegexp('no file system or volume takes its backupId from this restore point'),
    );
  });

  test('that an L2 uses by an override counts as used', () => {
    const point = RestorePoint.parameter(stack, 'RestoreFrom');
    restored(undefined).addPropertyOverride('BackupId', point.backupId);
    app.synth();
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('of another stack is refused', () => {
    const point = RestorePoint.parameter(new Stack(app, 'Other'), 'RestoreFrom');
    restored(point.backupId);
    expect(() => app.synth()).toThrow(
      /"Files\/FileSystem" takes its backupId from the restore point "Other\/RestoreFrom" of another stack: /,
    );
  });
});

describe('a literal', () => {
  test('is the id of a backup', () => {
    const point = RestorePoint.literal(stack, ID);
    restored(point.backupId);
    expect(template().Resources.FileSystem.Properties.BackupId).toBe(ID);
    expect(point.nameOf('data')).toBe('data_0123456789abcdef0');
    expect(template()).not.toHaveProperty('Conditions');
  });

  test('is "new", and gives nothing', () => {
    const point = RestorePoint.literal(stack, 'new');
    restored(point.backupId);
    expect(template().Resources.FileSystem.Properties).not.toHaveProperty('BackupId');
    expect(point.nameOf('data')).toBe('data');
  });

  test.each([
    ['', '""'],
    ['New', '"New"'],
    ['fs-0123456789abcdef0', '"fs-0123456789abcdef0"'],
    [`${ID} `, `"${ID} "`],
    [undefined as any, 'undefined'],
    [null as any, 'null'],
    [7 as any, '7'],
  ])('%p is refused', (value, shown) => {
    expect(() => RestorePoint.literal(stack, value)).toThrow(
      `the restore point is ${shown}: it must be "new", or "backup-" and 8 or more hexadecimal digits`,
    );
  });

  test('is no token, whose value could change by itself', () => {
    const { valueAsString } = new CfnParameter(stack, 'In');
    expect(() => RestorePoint.literal(stack, valueAsString)).toThrow(
      'the restore point is a token: its value could change without a decision',
    );
  });
});

describe.each([
  ['a parameter', () => RestorePoint.parameter(stack, 'RestoreFrom')],
  ['a literal', () => RestorePoint.literal(stack, ID)],
])('what FSx cannot restore is refused: by %s', (_, pointOf) => {
  test('an ONTAP file system', () => {
    restored(pointOf().backupId, 'ONTAP');
    expect(() => app.synth()).toThrow(
      '"Files/FileSystem" is an ONTAP file system, and FSx restores its volumes, not the file system: give ' +
        'backupId to the CfnVolume',
    );
  });

  test('a Lustre file system of deployment type SCRATCH_2', () => {
    restored(pointOf().backupId, 'LUSTRE').lustreConfiguration = { deploymentType: 'SCRATCH_2' };
    expect(() => app.synth()).toThrow(
      `"Files/FileSystem" is a Lustre file system of deployment type SCRATCH_2, and FSx restores into the ` +
        'deployment type of the backup, which is never a scratch one: use PERSISTENT_1 or PERSISTENT_2',
    );
  });

  test('an OpenZFS volume', () => {
    const { backupId } = pointOf();
    new fsx.CfnVolume(stack, 'Volume', { name: 'data', volumeType: 'OPENZFS', backupId });
    expect(() => app.synth()).toThrow(
      '"Files/Volume" is an OpenZFS volume, and FSx restores the OpenZFS file system as a whole: give ' +
        'backupId to the file system',
    );
  });

  test.each(['WINDOWS', 'LUSTRE', 'OPENZFS'] as const)('but not a %s file system', (kind) => {
    restored(pointOf().backupId, kind);
    expect(() => app.synth()).not.toThrow();
  });

  test('what has nothing to do with it is not looked at', () => {
    restored(pointOf().backupId);
    fileSystemOf(stack, 'Beside', { kind: 'ONTAP' }).backupId = OTHER; // somebody else's mistake
    expect(() => app.synth()).not.toThrow();
  });
});

describe('a Lustre file system whose deployment type is not given', () => {
  test('is refused with a parameter: a new one would be SCRATCH_1', () => {
    restored(RestorePoint.parameter(stack, 'RestoreFrom').backupId, 'LUSTRE').lustreConfiguration = {};
    expect(() => app.synth()).toThrow('is a Lustre file system of deployment type SCRATCH_1');
  });

  test('passes with a literal: FSx may take that of the backup', () => {
    restored(RestorePoint.literal(stack, ID).backupId, 'LUSTRE').lustreConfiguration = {};
    expect(() => app.synth()).not.toThrow();
  });
});

describe('a volume that keeps its name', () => {
  const warned = (text: string) =>
    Annotations.fromStack(stack).hasWarning('/Files/Volume', Match.stringLikeRegexp(text));

  test('cannot stand beside the one that it replaces', () => {
    const { backupId } = RestorePoint.parameter(stack, 'RestoreFrom');
    volumeOf({ name: 'data', junctionPath: '/data', backupId });
    app.synth();
    warned('it keeps its name and junctionPath when it is restored: .* Use nameOf');
  });

  test('by its junction path alone, neither', () => {
    const point = RestorePoint.parameter(stack, 'RestoreFrom');
    volumeOf({ name: point.nameOf('data'), junctionPath: '/data', backupId: point.backupId });
    app.synth();
    warned('it keeps its junctionPath when it is restored');
  });

  test('may be without a junction path', () => {
    const point = RestorePoint.parameter(stack, 'RestoreFrom');
    volumeOf({ name: point.nameOf('data'), backupId: point.backupId });
    app.synth();
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

describe('from a backup of the app, whose source is known', () => {
  const besides = (kind: Kind, change: (beside: fsx.CfnFileSystem) => void) => {
    const source = restored(undefined, kind);
    const backup = new FsxBackup(stack, 'Backup', { source: BackupSource.of(source) });
    const beside = fileSystemOf(stack, 'Beside', { kind });
    beside.backupId = backup.backupId;
    change(beside);
    return () => app.synth();
  };
  const refused = (what: string) =>
    `"Files/Beside" is restored from a backup of "Files/FileSystem", and its ${what}: FSx refuses that`;

  test('the same is restored', () => {
    expect(besides('WINDOWS', () => {})).not.toThrow();
  });

  test('another type is refused', () => {
    expect(besides('WINDOWS', (beside) => (beside.fileSystemType = 'OPENZFS'))).toThrow(
      refused('FileSystemType is OPENZFS instead of WINDOWS'),
    );
  });

  test.each([
    ['WINDOWS', 2400],
    ['WINDOWS', 600],
    ['LUSTRE', 2400],
    ['OPENZFS', 600],
  ] as const)('%s with another storage capacity (%d GiB, of 1200) is refused', (kind, capacity) => {
    expect(besides(kind, (beside) => (beside.storageCapacity = capacity))).toThrow(
      refused(`StorageCapacity is ${capacity} instead of 1200`),
    );
  });

  test.each([
    ['OPENZFS', 2400],
    ['WINDOWS', undefined],
    ['WINDOWS', 1200],
  ] as const)('%s with %p GiB is restored', (kind, capacity) => {
    expect(besides(kind, (beside) => (beside.storageCapacity = capacity))).not.toThrow();
  });

  test.each([
    ['DeploymentType', 'PERSISTENT_1 instead of PERSISTENT_2', { deploymentType: 'PERSISTENT_1' }],
    ['PerUnitStorageThroughput', '250 instead of 125', { perUnitStorageThroughput: 250 }],
  ])('Lustre with another %s is refused', (name, said, change) => {
    const same = { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 };
    expect(besides('LUSTRE', (beside) => (beside.lustreConfiguration = { ...same, ...change }))).toThrow(
      refused(`${name} is ${said}`),
    );
  });

  test('OpenZFS with another storage type is refused', () => {
    const change = (beside: fsx.CfnFileSystem) => {
      (stack.node.findChild('FileSystem') as fsx.CfnFileSystem).storageType = 'SSD';
      beside.storageType = 'INTELLIGENT_TIERING';
    };
    expect(besides('OPENZFS', change)).toThrow(refused('StorageType is INTELLIGENT_TIERING instead of SSD'));
  });

  test('what only deployment can tell passes', () => {
    const change = (beside: fsx.CfnFileSystem) =>
      (beside.storageCapacity = new CfnParameter(stack, 'Size', { type: 'Number' }).valueAsNumber);
    expect(besides('WINDOWS', change)).not.toThrow();
  });
});
