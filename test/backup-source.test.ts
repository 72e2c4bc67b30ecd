import { App, aws_ec2 as ec2, aws_fsx as fsx, CfnParameter, CfnResource, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackup } from '../src';

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
    ['fs-0498eed5fe91001ec ', /is not the id/],
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
    expect(sourceProperties(BackupSource.fromCfnFileSystem(cfnFileSystem({ fileSystemType })))).toEqual({
      FileSystemId: { Ref: 'Fs' },
    });
  });

  test.each(['PERSISTENT_1', 'PERSISTENT_2'])('Lustre %s', (deploymentType) => {
    expect(sourceProperties(BackupSource.fromCfnFileSystem(lustre({ deploymentType })))).toEqual({
      FileSystemId: { Ref: 'Fs' },
    });
  });

  test("Lustre restored from a backup is of the backup's deployment type", () => {
    expect(() =>
      BackupSource.fromCfnFileSystem(lustre(undefined, { backupId: 'backup-03e3c82e0183b7b6b' })),
    ).not.toThrow();
  });

  test('the L2', () => {
    const fileSystem = lustreL2(fsx.LustreDeploymentType.PERSISTENT_2);
    expect(sourceProperties(BackupSource.fromFileSystem(fileSystem))).toEqual({
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
    expect(sourceProperties(BackupSource.fromFileSystem(fileSystem))).toEqual({
      FileSystemId: 'fs-0498eed5fe91001ec',
    });
  });

  test("somebody else's IFileSystem", () => {
    const fileSystem: fsx.IFileSystem = {
      fileSystemId: 'fs-0498eed5fe91001ec',
      connections: new ec2.Connections(),
    };
    expect(sourceProperties(BackupSource.fromFileSystem(fileSystem))).toEqual({
      FileSystemId: 'fs-0498eed5fe91001ec',
    });
  });

  test('ONTAP is refused: its volumes are backed up', () => {
    expect(() => BackupSource.fromCfnFileSystem(cfnFileSystem({ fileSystemType: 'ONTAP' }))).toThrow(
      /"Files\/Fs" is an ONTAP file system.*use BackupSource.fromCfnVolume or fromVolumeId/,
    );
  });

  test.each([
    ['SCRATCH_1', { deploymentType: 'SCRATCH_1' }],
    ['SCRATCH_2', { deploymentType: 'SCRATCH_2' }],
    ['SCRATCH_1', {}],
    ['SCRATCH_1', undefined],
  ])('Lustre %s is refused (%j)', (type, configuration) => {
    expect(() => BackupSource.fromCfnFileSystem(lustre(configuration))).toThrow(
      new RegExp(`deployment type ${type}.*use PERSISTENT_1 or PERSISTENT_2`),
    );
  });

  test('a scratch L2 is refused', () => {
    expect(() => BackupSource.fromFileSystem(lustreL2(fsx.LustreDeploymentType.SCRATCH_2))).toThrow(
      /SCRATCH_2/,
    );
  });

  test('a scratch file system is refused by its id too', () => {
    expect(() => BackupSource.fromFileSystemId(lustre({ deploymentType: 'SCRATCH_2' }).ref)).toThrow(
      /SCRATCH_2/,
    );
  });

  test.each(['importPath', 'exportPath'])('Lustre with %s is refused', (link) => {
    expect(() =>
      BackupSource.fromCfnFileSystem(lustre({ deploymentType: 'PERSISTENT_1', [link]: 's3://bucket' })),
    ).toThrow(new RegExp(`linked to a data repository by its ${link}`));
  });

  test('what only deployment knows passes', () => {
    const parameter = new CfnParameter(stack, 'P').valueAsString;
    expect(() => BackupSource.fromCfnFileSystem(cfnFileSystem({ fileSystemType: parameter }))).not.toThrow();
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
      new FsxBackup(stack, 'Backup', { source: BackupSource.fromCfnFileSystem(fileSystem) });
      associate(fileSystem.ref);
      expect(() => Template.fromStack(stack)).toThrow(/linked to a data repository by "Files\/Link"/);
    });

    test('is refused, also when the association is in another stack', () => {
      const fileSystem = lustre({ deploymentType: 'PERSISTENT_2' });
      new FsxBackup(stack, 'Backup', { source: BackupSource.fromCfnFileSystem(fileSystem) });
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
        source: BackupSource.fromCfnFileSystem(lustre({ deploymentType: 'PERSISTENT_2' })),
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
    expect(sourceProperties(BackupSource.fromCfnVolume(volume))).toEqual({ VolumeId: { Ref: 'Vol' } });
  });

  test('of type DP is refused', () => {
    const volume = cfnVolume({
      volumeType: 'ONTAP',
      ontapConfiguration: { storageVirtualMachineId: 'svm-1', ontapVolumeType: 'DP' },
    });
    expect(() => BackupSource.fromCfnVolume(volume)).toThrow(
      /"Files\/Vol" is an ONTAP volume of type DP.*read-write volumes only/,
    );
  });

  test('OpenZFS is refused: the file system is backed up', () => {
    expect(() => BackupSource.fromCfnVolume(cfnVolume({ volumeType: 'OPENZFS' }))).toThrow(
      /"Files\/Vol" is an OpenZFS volume.*use BackupSource.fromCfnFileSystem/,
    );
  });

  test('are no file systems, and file systems no volumes', () => {
    expect(() => BackupSource.fromFileSystemId(cfnVolume({}).ref)).toThrow(
      /"Files\/Vol" is a volume: use BackupSource.fromCfnVolume/,
    );
    expect(() => BackupSource.fromVolumeId(cfnFileSystem({}).ref)).toThrow(
      /"Files\/Fs" is a file system, not a volume/,
    );
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
