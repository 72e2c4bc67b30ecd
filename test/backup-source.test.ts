import {
  App,
  aws_ec2 as ec2,
  aws_efs as efs,
  aws_fsx as fsx,
  aws_s3 as s3,
  aws_ssm as ssm,
  CfnParameter,
  CfnResource,
  CustomResource,
  type Environment,
  Fn,
  Lazy,
  Stack,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct, type IConstruct } from 'constructs';
import { BackupSource, FsxBackup, FsxBackupProvider, FsxFinalBackup } from '../src';

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Files');
});

const cfnFileSystem = (props: Partial<fsx.CfnFileSystemProps>) =>
  new fsx.CfnFileSystem(stack, 'Fs', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'], ...props });
const lustre = (
  lustreConfiguration?: fsx.CfnFileSystem.LustreConfigurationProperty,
  props: Partial<fsx.CfnFileSystemProps> = {},
) => cfnFileSystem({ fileSystemType: 'LUSTRE', lustreConfiguration, ...props });
const cfnVolume = (props: Partial<fsx.CfnVolumeProps>) =>
  new fsx.CfnVolume(stack, 'Vol', { name: 'vol', ...props });

function sourceProperties(source: BackupSource): any {
  new FsxBackup(stack, 'Backup', { source });
  const [resource] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
  const { FileSystemId, VolumeId } = resource.Properties;
  return { FileSystemId, VolumeId };
}

/** Synthesis fails with this text, by the time when all of the app is defined. */
function expectRefused(source: BackupSource, message: RegExp): void {
  new FsxBackup(stack, 'Backup', { source });
  expect(() => Template.fromStack(stack)).toThrow(message);
}

describe('ids', () => {
  test.each(['fs-01234567', 'fs-0498eed5fe91001ec', 'fs-0498eed5fe91001ec0'])('%s is a file system', (id) => {
    expect(sourceProperties(BackupSource.fromFileSystemId(id))).toEqual({ FileSystemId: id });
  });

  test('fsvol-0123456789abcdef0 is a volume', () => {
    expect(sourceProperties(BackupSource.fromVolumeId('fsvol-0123456789abcdef0'))).toEqual({
      VolumeId: 'fsvol-0123456789abcdef0',
    });
  });

  test('tokens pass', () => {
    expect(sourceProperties(BackupSource.fromFileSystemId(Fn.importValue('FileSystem')))).toEqual({
      FileSystemId: { 'Fn::ImportValue': 'FileSystem' },
    });
    const parameter = new CfnParameter(stack, 'P').valueAsString;
    expect(() => BackupSource.fromVolumeId(parameter)).not.toThrow();
    expect(() =>
      BackupSource.fromVolumeId(Lazy.string({ produce: () => 'fsvol-0123456789abcdef0' })),
    ).not.toThrow();
  });

  test.each([
    ['', /"" is not the id of an FSx file system: it must be "fs-" and 8 to 18 hexadecimal digits$/],
    ['fs-xyz', /"fs-xyz" is not the id/],
    ['fs-0498eed5fe91001ec ', /hexadecimal digits; remove the blanks around it$/],
    [undefined as any, /^"undefined" is not the id of an FSx file system/],
    [7 as any, /^"7" is not the id/],
    ['FS-0498eed5fe91001ec', /is not the id/],
    ['fs-0498eed5fe91001ec0498eed5fe91001ec', /is not the id/],
    ['fsvol-0123456789abcdef0', /for a volume use BackupSource.fromVolumeId/],
    ['backup-03e3c82e0183b7b6b', /FsxBackup.fromBackupId/],
  ])('%j is refused as a file system', (id, message) => {
    expect(() => BackupSource.fromFileSystemId(id)).toThrow(message);
  });

  test.each([
    [
      'fsvol-012345678',
      /"fsvol-012345678" is not the id of an FSx volume: it must be "fsvol-" and 17 hexadecimal digits/,
    ],
    ['fsvol-0123456789abcdef01', /is not the id/],
    ['fs-0498eed5fe91001ec', /for a file system use BackupSource.fromFileSystemId/],
  ])('%j is refused as a volume', (id, message) => {
    expect(() => BackupSource.fromVolumeId(id)).toThrow(message);
  });
});

describe('file systems of the app', () => {
  test.each(['WINDOWS', 'OPENZFS'])('%s', (fileSystemType) => {
    expect(sourceProperties(BackupSource.of(cfnFileSystem({ fileSystemType })))).toEqual({
      FileSystemId: { Ref: 'Fs' },
    });
  });

  test.each(['PERSISTENT_1', 'PERSISTENT_2'])('Lustre %s', (deploymentType) => {
    expect(sourceProperties(BackupSource.of(lustre({ deploymentType })))).toEqual({
      FileSystemId: { Ref: 'Fs' },
    });
  });

  test("Lustre restored from a backup is of the backup's deployment type", () => {
    expect(
      sourceProperties(BackupSource.of(lustre(undefined, { backupId: 'backup-03e3c82e0183b7b6b' }))),
    ).toEqual({ FileSystemId: { Ref: 'Fs' } });
  });

  test('the L2', () => {
    const fileSystem = lustreL2(fsx.LustreDeploymentType.PERSISTENT_2);
    expect(sourceProperties(BackupSource.of(fileSystem))).toEqual({
      FileSystemId: stack.resolve(fileSystem.fileSystemId),
    });
  });

  test('an imported L2', () => {
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Sg', 'sg-1');
    const fileSystem = fsx.LustreFileSystem.fromLustreFileSystemAttributes(stack, 'Imported', {
      dnsName: 'x',
      fileSystemId: 'fs-0498eed5fe91001ec',
      securityGroup,
    });
    expect(sourceProperties(BackupSource.of(fileSystem as unknown as IConstruct))).toEqual({
      FileSystemId: 'fs-0498eed5fe91001ec',
    });
  });

  test("somebody else's IFileSystem", () => {
    const fileSystem: fsx.IFileSystem = {
      fileSystemId: 'fs-0498eed5fe91001ec',
      connections: new ec2.Connections(),
    };
    expect(sourceProperties(BackupSource.of(fileSystem as unknown as IConstruct))).toEqual({
      FileSystemId: 'fs-0498eed5fe91001ec',
    });
  });

  test('ONTAP is refused: its volumes are backed up', () => {
    expectRefused(
      BackupSource.of(cfnFileSystem({ fileSystemType: 'ONTAP' })),
      /"Files\/Fs" is an ONTAP file system.*use BackupSource.of with the volume, or fromVolumeId/,
    );
  });

  test.each([
    ['SCRATCH_1', { deploymentType: 'SCRATCH_1' }],
    ['SCRATCH_2', { deploymentType: 'SCRATCH_2' }],
    ['SCRATCH_1', {}],
    ['SCRATCH_1', undefined],
  ])('Lustre %s is refused (%j)', (type, configuration) => {
    expectRefused(
      BackupSource.of(lustre(configuration)),
      new RegExp(`deployment type ${type}.*use PERSISTENT_1 or PERSISTENT_2`),
    );
  });

  test('a scratch L2 is refused', () => {
    expectRefused(BackupSource.of(lustreL2(fsx.LustreDeploymentType.SCRATCH_2)), /SCRATCH_2/);
  });

  test('a scratch file system is refused by its id too', () => {
    expectRefused(BackupSource.fromFileSystemId(lustre({ deploymentType: 'SCRATCH_2' }).ref), /SCRATCH_2/);
  });

  test.each(['importPath', 'exportPath'])('Lustre with %s is refused', (link) => {
    expectRefused(
      BackupSource.of(lustre({ deploymentType: 'PERSISTENT_1', [link]: 's3://bucket' })),
      new RegExp(`linked to a data repository by its ${link}`, 'i'),
    );
  });

  test('what only deployment knows passes', () => {
    const parameter = new CfnParameter(stack, 'P').valueAsString;
    expect(sourceProperties(BackupSource.of(cfnFileSystem({ fileSystemType: parameter })))).toEqual({
      FileSystemId: { Ref: 'Fs' },
    });
  });

  describe('linked by a data repository association', () => {
    const associate = (fileSystemId: string, scope = stack) =>
      new fsx.CfnDataRepositoryAssociation(scope, 'Link', {
        fileSystemId,
        dataRepositoryPath: 's3://bucket',
        fileSystemPath: '/data',
      });

    test('is refused, also when the association is defined later', () => {
      const fileSystem = lustre({ deploymentType: 'PERSISTENT_2' });
      new FsxBackup(stack, 'Backup', { source: BackupSource.of(fileSystem) });
      associate(fileSystem.ref);
      expect(() => Template.fromStack(stack)).toThrow(/linked to a data repository by "Files\/Link"/);
    });

    test('is refused, also when the association is in another stack', () => {
      const fileSystem = lustre({ deploymentType: 'PERSISTENT_2' });
      new FsxBackup(stack, 'Backup', { source: BackupSource.of(fileSystem) });
      associate(fileSystem.ref, new Stack(stack.node.root as App, 'Other'));
      expect(() => Template.fromStack(stack)).toThrow(/linked to a data repository by "Other\/Link"/);
    });

    test('is refused by its literal id', () => {
      new FsxBackup(stack, 'Backup', { source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec') });
      associate('fs-0498eed5fe91001ec');
      expect(() => Template.fromStack(stack)).toThrow(/linked to a data repository/);
    });

    test('of another file system does not matter', () => {
      new FsxBackup(stack, 'Backup', {
        source: BackupSource.of(lustre({ deploymentType: 'PERSISTENT_2' })),
      });
      associate('fs-0498eed5fe91001ec');
      expect(() => Template.fromStack(stack)).not.toThrow();
    });
  });

  function lustreL2(deploymentType: fsx.LustreDeploymentType): fsx.LustreFileSystem {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    return new fsx.LustreFileSystem(stack, 'Lustre', {
      lustreConfiguration: {
        deploymentType,
        ...(deploymentType === fsx.LustreDeploymentType.PERSISTENT_2
          ? { perUnitStorageThroughput: 125 }
          : {}),
      },
      storageCapacityGiB: 1200,
      vpc,
      vpcSubnet: vpc.privateSubnets[0],
    });
  }
});

describe('volumes of the app', () => {
  test('ONTAP, read-write', () => {
    const volume = cfnVolume({
      volumeType: 'ONTAP',
      ontapConfiguration: { storageVirtualMachineId: 'svm-1', ontapVolumeType: 'RW' },
    });
    expect(sourceProperties(BackupSource.of(volume))).toEqual({ VolumeId: { Ref: 'Vol' } });
  });

  test('of type DP is refused', () => {
    const volume = cfnVolume({
      volumeType: 'ONTAP',
      ontapConfiguration: { storageVirtualMachineId: 'svm-1', ontapVolumeType: 'DP' },
    });
    expectRefused(
      BackupSource.of(volume),
      /"Files\/Vol" is an ONTAP volume of type DP.*read-write volumes only/,
    );
  });

  test('OpenZFS is refused: the file system is backed up', () => {
    expectRefused(
      BackupSource.of(cfnVolume({ volumeType: 'OPENZFS' })),
      /"Files\/Vol" is an OpenZFS volume.*use BackupSource.of with the file system/,
    );
  });

  test('are no file systems', () => {
    expectRefused(
      BackupSource.fromFileSystemId(cfnVolume({}).ref),
      /"Files\/Vol" is a volume, not a file system: use BackupSource.of/,
    );
  });

  test('and file systems are no volumes', () => {
    expectRefused(
      BackupSource.fromVolumeId(cfnFileSystem({}).ref),
      /"Files\/Fs" is a file system, not a volume: use BackupSource.of/,
    );
  });
});

describe('what will be in the template is judged', () => {
  test.each(['before', 'after'])('with property overrides that come %s the backup', (when) => {
    const fileSystem = lustre();
    const override = () =>
      fileSystem.addPropertyOverride('LustreConfiguration', { DeploymentType: 'PERSISTENT_2' });
    if (when === 'before') override();
    new FsxBackup(stack, 'Backup', { source: BackupSource.of(fileSystem) });
    if (when === 'after') override();
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('so an override may be refused', () => {
    const fileSystem = lustre({ deploymentType: 'PERSISTENT_2' });
    fileSystem.addPropertyOverride('LustreConfiguration.DeploymentType', 'SCRATCH_2');
    expectRefused(BackupSource.of(fileSystem), /SCRATCH_2/);
  });

  test('also of an L1 without its class', () => {
    const properties = { FileSystemType: 'LUSTRE', LustreConfiguration: { DeploymentType: 'SCRATCH_1' } };
    expectRefused(
      BackupSource.of(new CfnResource(stack, 'Fs', { type: 'AWS::FSx::FileSystem', properties })),
      /SCRATCH_1/,
    );
  });
});

describe('of', () => {
  const scope = () => new Construct(stack, 'Scope');

  test('takes the one file system in a construct', () => {
    const inside = scope();
    new fsx.CfnFileSystem(inside, 'Fs', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
    expect(sourceProperties(BackupSource.of(inside))).toEqual({
      FileSystemId: { Ref: expect.stringMatching(/^ScopeFs/) },
    });
  });

  test('takes the volume of an ONTAP file system, and the file system of an OpenZFS volume', () => {
    const [ontap, openZfs] = [scope(), new Construct(stack, 'Other')];
    for (const [inside, kind] of [
      [ontap, 'ONTAP'],
      [openZfs, 'OPENZFS'],
    ] as const) {
      new fsx.CfnFileSystem(inside, 'Fs', { fileSystemType: kind, subnetIds: ['subnet-1'] });
      new fsx.CfnVolume(inside, 'Vol', { name: 'vol', volumeType: kind });
    }
    expect(BackupSource.of(ontap)._isVolume).toBe(true);
    expect(BackupSource.of(openZfs)._isVolume).toBe(false);
  });

  test('refuses two, also if the second one comes later', () => {
    const inside = scope();
    const define = (id: string) =>
      new fsx.CfnFileSystem(inside, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });
    define('One');
    new FsxBackup(stack, 'Backup', { source: BackupSource.of(inside) });
    define('Two');
    const message =
      /BackupSource.of needs .* "Files\/Scope" defines 2: "Files\/Scope\/One", "Files\/Scope\/Two"/;
    expect(() => BackupSource.of(inside)).toThrow(message);
    expect(() => Template.fromStack(stack)).toThrow(message);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'nothing',
      () => undefined,
      /^BackupSource.of needs a construct, and got undefined: name what to back up$/,
    ],
    ['an id', () => 'fs-0498eed5fe91001ec', /and got fs-0498eed5fe91001ec: name what/],
    ['an empty construct', scope, /"Files\/Scope" defines none\. Name the one to back up; for what this app/],
    [
      'an SVM',
      () => new fsx.CfnStorageVirtualMachine(stack, 'Svm', { name: 'svm', fileSystemId: 'fs-1' }),
      /"Files\/Svm" defines none, but an AWS::FSx::StorageVirtualMachine/,
    ],
    ['an EFS file system', () => efsFileSystem(), /"Files\/Efs" defines none/],
    [
      'an imported EFS file system',
      () =>
        efs.FileSystem.fromFileSystemAttributes(stack, 'Efs', {
          fileSystemId: 'fs-12345678',
          securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Sg', 'sg-1'),
        }),
      /"Files\/Efs" defines none/,
    ],
  ])('refuses %s', (_, make, message) => {
    const made: any = make();
    expect(() => BackupSource.of(made)).toThrow(message);
  });
});

const efsFileSystem = () => new efs.FileSystem(stack, 'Efs', { vpc: new ec2.Vpc(stack, 'Vpc') });

describe('a token that refers to something else is refused', () => {
  test.each<[string, () => string, RegExp]>([
    [
      'an EFS file system',
      () => efsFileSystem().fileSystemId,
      /an attribute of "Files\/Efs\/Resource", an AWS::EFS/,
    ],
    [
      'an SVM',
      () => new fsx.CfnStorageVirtualMachine(stack, 'Svm', { name: 'svm', fileSystemId: 'fs-1' }).ref,
      /"Files\/Svm", an AWS::FSx::StorageVirtualMachine: FSx backs up file systems \(AWS::/,
    ],
    [
      'a snapshot',
      () => new fsx.CfnSnapshot(stack, 'S', { name: 's', volumeId: 'v' }).attrResourceArn,
      /Snapshot/,
    ],
    [
      'an association',
      () =>
        new fsx.CfnDataRepositoryAssociation(stack, 'Link', {
          fileSystemId: 'fs-1',
          dataRepositoryPath: 's3://bucket',
          fileSystemPath: '/data',
        }).ref,
      /DataRepositoryAssociation/,
    ],
    ['a bucket', () => new s3.CfnBucket(stack, 'Bucket').ref, /"Files\/Bucket", an AWS::S3::Bucket/],
  ])('%s', (_, make, message) => {
    const id = make();
    expect(() => BackupSource.fromFileSystemId(id)).toThrow(message);
    expect(() => BackupSource.fromVolumeId(id)).toThrow(message);
  });

  test.each<[string, () => string]>([
    ['a custom resource', () => new CustomResource(stack, 'Custom', { serviceToken: 'arn' }).ref],
    ['an attribute of one', () => new CustomResource(stack, 'C', { serviceToken: 'a' }).getAttString('Id')],
    [
      'a parameter of the store',
      () => new ssm.CfnParameter(stack, 'P', { type: 'String', value: '' }).attrValue,
    ],
  ])('but not what only deployment can tell: %s', (_, make) => {
    expect(() => BackupSource.fromFileSystemId(make())).not.toThrow();
  });
});

test.each(['fromFileSystemId', 'fromVolumeId'] as const)(
  '%s lets the dummy value of a look-up pass, so that CDK makes it',
  (method) => {
    const env = { account: '111111111111', region: 'eu-west-1' };
    const id = ssm.StringParameter.valueFromLookup(new Stack(new App(), 'S', { env }), '/files/id');
    expect(id).toMatch(/^dummy-value-for-/);
    expect(() => BackupSource[method](id)).not.toThrow();
  },
);

describe('a source of another account or Region is refused', () => {
  const here = { account: '111111111111', region: 'eu-west-1' };
  const define = (env?: Environment) => {
    const app = new App();
    const of = new fsx.CfnFileSystem(new Stack(app, 'There', { env }), 'Fs', {
      fileSystemType: 'OPENZFS',
      subnetIds: ['subnet-1'],
    });
    return { source: BackupSource.of(of), scope: new Stack(app, 'Here', { env: here }) };
  };

  test.each([
    [{ ...here, account: '222222222222' }, '222222222222/eu-west-1'],
    [{ ...here, region: 'us-east-1' }, '111111111111/us-east-1'],
  ])('%j', (env, where) => {
    const { source, scope } = define(env);
    const message = (what: string) =>
      new RegExp(
        `^${what} is in 111111111111/eu-west-1, and its source "There/Fs" in ${where}: FSx takes backups ` +
          'in the account and Region of the source, so define it in "There"$',
      );
    expect(() => new FsxBackup(scope, 'Backup', { source })).toThrow(message('backup "Here/Backup"'));
    expect(() => new FsxFinalBackup(scope, 'Final', { source })).toThrow(
      message('final backup "Here/Final"'),
    );
    const provider = new FsxBackupProvider(scope, 'Provider');
    expect(() => provider.allowBackupsOf(source)).toThrow(message('provider "Here/Provider"'));
  });

  test('as far as it is known', () => {
    const { source, scope } = define();
    expect(() => new FsxBackup(scope, 'Backup', { source })).not.toThrow();
  });
});

test('an L1 defined without its class is taken as it is', () => {
  const generic = new CfnResource(stack, 'Fs', {
    type: 'AWS::FSx::FileSystem',
    properties: { FileSystemType: 'WINDOWS' },
  });
  expect(sourceProperties(BackupSource.fromFileSystemId(generic.ref))).toEqual({
    FileSystemId: { Ref: 'Fs' },
  });
});
