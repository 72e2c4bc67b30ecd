import {
  Annotations as CdkAnnotations,
  App,
  aws_ec2 as ec2,
  aws_fsx as fsx,
  aws_ssm as ssm,
  CfnParameter,
  CfnResource,
  Duration,
  NestedStack,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupOptions, FsxFinalBackup } from '../src';

const TIMEOUTS = [Duration.hours(1), Duration.hours(6)];

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const fileSystem = (scope: Construct = stack, props: Partial<fsx.CfnFileSystemProps> = {}, id = 'Fs') =>
  new fsx.CfnFileSystem(scope, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'], ...props });
const volume = (scope: Construct = stack, props: Partial<fsx.CfnVolumeProps> = {}, id = 'Volume') =>
  new fsx.CfnVolume(scope, id, {
    name: 'vol',
    volumeType: 'ONTAP',
    ontapConfiguration: { storageVirtualMachineId: 'svm-1' },
    ...props,
  });

function lustre(
  scope: Construct = stack,
  deploymentType = fsx.LustreDeploymentType.PERSISTENT_2,
): fsx.LustreFileSystem {
  const vpc = new ec2.Vpc(stack, 'Vpc');
  return new fsx.LustreFileSystem(scope, 'Lustre', {
    vpc,
    vpcSubnet: vpc.privateSubnets[0],
    storageCapacityGiB: 1200,
    lustreConfiguration: {
      deploymentType,
      ...(deploymentType === fsx.LustreDeploymentType.PERSISTENT_2 ? { perUnitStorageThroughput: 125 } : {}),
    },
  });
}

const define = (deployed: Construct, scope: Construct = stack) =>
  new FsxBackup(scope, 'Backup', { source: BackupSource.fromDeployed(deployed) });

function sourcesIn(of: Stack = stack): any[] {
  return Object.values(Template.fromStack(of).findResources('Custom::FsxBackup')).map(({ Properties }) => {
    const { FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume } = Properties;
    return { FileSystemId, VolumeId, DeployedFileSystem, DeployedVolume };
  });
}

/** All statements of the stack's policies. */
function statementsIn(of: Stack = stack): any[] {
  return Object.values(Template.fromStack(of).findResources('AWS::IAM::Policy')).flatMap(
    (policy) => policy.Properties.PolicyDocument.Statement,
  );
}

describe('fromDeployed names', () => {
  test('an L1 by its logical id', () => {
    define(fileSystem());
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: 'Fs' }]);
  });

  test('an L2 by the logical id of what is in it', () => {
    const made = lustre();
    define(made);
    expect(sourcesIn()).toEqual([
      { DeployedFileSystem: stack.resolve((made.node.defaultChild as CfnResource).logicalId) },
    ]);
  });

  test('what a construct contains, however deep', () => {
    const scope = new Construct(stack, 'Scope');
    new ssm.CfnParameter(scope, 'Beside', { type: 'String', value: '1' });
    fileSystem(new Construct(new Construct(scope, 'A'), 'B'));
    define(scope);
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: expect.stringMatching(/^ScopeABFs/) }]);
  });

  test('what the stack contains', () => {
    fileSystem();
    define(stack);
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: 'Fs' }]);
  });

  test('an ONTAP volume', () => {
    define(volume());
    expect(sourcesIn()).toEqual([{ DeployedVolume: 'Volume' }]);
  });

  test.each(['WINDOWS', 'OPENZFS'])('a file system of type %s', (fileSystemType) => {
    define(fileSystem(stack, { fileSystemType }));
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: 'Fs' }]);
  });

  test('a file system whose type only deployment knows', () => {
    define(fileSystem(stack, { fileSystemType: new CfnParameter(stack, 'Type').valueAsString }));
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: 'Fs' }]);
  });

  test('an L1 without its class', () => {
    define(new CfnResource(stack, 'Fs', {
      type: 'AWS::FSx::FileSystem',
      properties: { FileSystemType: 'WINDOWS' },
    }));
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: 'Fs' }]);
  });

  test('a logical id that is given later', () => {
    const made = fileSystem();
    define(made);
    made.overrideLogicalId('Projects');
    expect(sourcesIn()).toEqual([{ DeployedFileSystem: 'Projects' }]);
  });

  test('a file system of the same nested stack', () => {
    const inner = new NestedStack(stack, 'Inner');
    define(fileSystem(inner), inner);
    expect(sourcesIn(inner)).toEqual([{ DeployedFileSystem: 'Fs' }]);
  });
});

describe('fromDeployed refuses', () => {
  test.each<[string, () => Construct, RegExp]>([
    [
      'a construct with no file system',
      () => new Construct(stack, 'Scope'),
      new RegExp(
        /needs a construct that defines one FSx file system or ONTAP volume, and "Files\/Scope" /.source +
          /defines none\. .*use fromFileSystemId or fromVolumeId/.source,
      ),
    ],
    [
      'a construct with two',
      () => {
        const scope = new Construct(stack, 'Scope');
        fileSystem(scope, {}, 'One');
        fileSystem(scope, {}, 'Two');
        return scope;
      },
      /"Files\/Scope" defines 2: "Files\/Scope\/One", "Files\/Scope\/Two"\. Name the one to back up/,
    ],
    [
      'an imported file system',
      () =>
        fsx.LustreFileSystem.fromLustreFileSystemAttributes(stack, 'Imported', {
          dnsName: 'x',
          fileSystemId: 'fs-0498eed5fe91001ec',
          securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Sg', 'sg-1'),
        }) as unknown as Construct,
      /"Files\/Imported" defines none.*fromFileSystemId/,
    ],
  ])('%s', (_, make, message) => {
    const made = make();
    expect(() => BackupSource.fromDeployed(made)).toThrow(message);
    expect(() => FsxBackup.beforeChangeOf(stack, 'Guard', made)).toThrow(message);
  });

  test.each<[string, () => Construct, RegExp]>([
    [
      'an ONTAP file system',
      () => fileSystem(stack, { fileSystemType: 'ONTAP' }),
      /"Files\/Fs" is an ONTAP file system, and FSx backs up its volumes/,
    ],
    [
      'an OpenZFS volume',
      () => volume(stack, { volumeType: 'OPENZFS' }),
      /"Files\/Volume" is an OpenZFS volume, and FSx backs up the OpenZFS file system/,
    ],
    [
      'an ONTAP volume of type DP',
      () =>
        volume(stack, { ontapConfiguration: { storageVirtualMachineId: 'svm-1', ontapVolumeType: 'DP' } }),
      /of type DP/,
    ],
    [
      'a scratch file system',
      () =>
        fileSystem(stack, { fileSystemType: 'LUSTRE', lustreConfiguration: { deploymentType: 'SCRATCH_2' } }),
      /SCRATCH_2, and FSx cannot back up scratch file systems/,
    ],
    ['a scratch L2', () => lustre(stack, fsx.LustreDeploymentType.SCRATCH_2), /SCRATCH_2/],
    [
      'a linked file system',
      () =>
        fileSystem(stack, {
          fileSystemType: 'LUSTRE',
          lustreConfiguration: { deploymentType: 'PERSISTENT_1', importPath: 's3://bucket' },
        }),
      /linked to a data repository by its ImportPath/,
    ],
  ])('%s, when all of the app is defined', (_, make, message) => {
    FsxBackup.beforeChangeOf(stack, 'Guard', make());
    expect(() => app.synth()).toThrow(message);
  });

  test('a file system that is linked to a data repository later', () => {
    const made = fileSystem(stack, {
      fileSystemType: 'LUSTRE',
      lustreConfiguration: { deploymentType: 'PERSISTENT_2' },
    });
    define(made);
    new fsx.CfnDataRepositoryAssociation(stack, 'Link', {
      fileSystemId: made.ref,
      dataRepositoryPath: 's3://bucket',
      fileSystemPath: '/data',
    });
    expect(() => app.synth()).toThrow(
      new RegExp(
        /\[Files\/Backup\] the Lustre file system of this backup is linked to a data /.source +
          /repository by "Files\/Link"/.source,
      ),
    );
  });

  test.each<[string, () => [Construct, Construct], string]>([
    ['of another stack', () => [fileSystem(new Stack(app, 'Other')), stack], 'Other'],
    [
      'of a nested stack, for a backup in the stack around it',
      () => [fileSystem(new NestedStack(stack, 'Inner')), stack],
      'Files/Inner',
    ],
    [
      'of the stack around, for a backup in a nested stack',
      () => [fileSystem(), new NestedStack(stack, 'Inner')],
      'Files',
    ],
    [
      'of another nested stack',
      () => [fileSystem(new NestedStack(stack, 'Inner')), new NestedStack(stack, 'Other')],
      'Files/Inner',
    ],
    [
      'of a stack that has a nested one with it',
      () => {
        fileSystem(new NestedStack(stack, 'Inner'));
        return [stack, stack];
      },
      'Files/Inner',
    ],
  ])('a file system %s, and says where the backup belongs', (_, make, where) => {
    const [made, scope] = make();
    const message = new RegExp(
      `which is not in the stack of backup "${scope.node.path}/Backup": only its own stack can look it ` +
        `up\\. Define the backup in "${where}"$`,
    );
    expect(() => define(made, scope)).toThrow(message);
  });

  test('a final backup', () => {
    expect(
      () => new FsxFinalBackup(stack, 'Final', { source: BackupSource.fromDeployed(fileSystem()) }),
    ).toThrow(
      new RegExp(
        /the source of final backup "Files\/Final" is BackupSource\.fromDeployed.*: use /.source +
          /BackupSource\.of$/.source,
      ),
    );
  });

  test('a construct in which a second file system is defined later', () => {
    const scope = new Construct(stack, 'Scope');
    fileSystem(scope, {}, 'One');
    define(scope);
    fileSystem(scope, {}, 'Two');
    expect(() => app.synth()).toThrow(/"Files\/Scope" defines 2/);
  });
});

describe('a backup of what is deployed', () => {
  const everyWay: Array<[string, () => [Construct, string]]> = [
    ['a file system', () => [fileSystem(), 'Fs']],
    ['a volume', () => [volume(), 'Volume']],
  ];

  test.each(everyWay)('refers to %s nowhere: neither the backup nor its engine wait for it', (_, make) => {
    const [made, logicalId] = make();
    FsxBackup.beforeChangeOf(stack, 'Guard', made, { removalPolicy: RemovalPolicy.DESTROY });
    FsxBackup.beforeChangeOf(stack, 'Long', made, { timeout: Duration.hours(6) });
    const { [logicalId]: _source, ...resources } = Template.fromStack(stack).toJSON().Resources;
    expect(JSON.stringify(resources)).not.toMatch(
      new RegExp(`"Ref":"${logicalId}"|"Fn::GetAtt":\\["${logicalId}"|\\$\\{${logicalId}`),
    );
    for (const { DependsOn = [] } of Object.values<any>(resources)) {
      expect([DependsOn].flat()).not.toContain(logicalId);
    }
  });

  test.each<[string, () => Construct, string]>([
    ['file system', fileSystem, 'file-system/*'],
    ['volume', volume, 'volume/*/*'],
  ])('may back up any %s, as it must not name it', (_, make, arn) => {
    define(make());
    const [creation, ...others] = statementsIn().filter(({ Action }) =>
      [Action].flat().includes('fsx:CreateBackup'),
    );
    expect(others).toEqual([]);
    expect(JSON.stringify(creation.Resource)).toContain(arn);
    expect(creation.Condition).toEqual({
      StringEquals: { 'aws:RequestTag/cdk-fsx-backup:stack-id': { Ref: 'AWS::StackId' } },
    });
  });

  test('costs one policy less than one that refers to its source', () => {
    define(fileSystem());
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy'))).toHaveLength(1);
    expect(Object.keys(Template.fromStack(stack).toJSON().Resources)).toHaveLength(7 + 1);
  });

  test('several of the same do not ask for more', () => {
    const made = fileSystem();
    FsxBackup.beforeChangeOf(stack, 'One', made);
    const once = statementsIn().length;
    const again = new Stack(new App(), 'Files');
    const other = fileSystem(again);
    for (const id of ['One', 'Two', 'Three']) FsxBackup.beforeChangeOf(again, id, other);
    expect(statementsIn(again)).toHaveLength(once);
  });
});

describe('beforeChangeOf', () => {
  const guard = (options?: FsxBackupOptions) =>
    FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem(), options);
  const guardProperties = () => {
    const [resource] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
    return resource.Properties;
  };

  test('is a source, a trigger and an order', () => {
    const made = fileSystem();
    new FsxBackup(stack, 'Guard', {
      source: BackupSource.fromDeployed(made),
      triggers: [BackupTrigger.onChangeOf(made)],
      executeBefore: [made],
    });
    const long = Template.fromStack(stack).toJSON();
    app = new App();
    stack = new Stack(app, 'Files');
    guard();
    expect(Template.fromStack(stack).toJSON()).toEqual(long);
  });

  test('lets the file system wait, with all that its construct contains', () => {
    FsxBackup.beforeChangeOf(stack, 'Guard', lustre());
    const waiting = Object.entries<any>(Template.fromStack(stack).toJSON().Resources).filter(([id]) =>
      id.startsWith('Lustre'),
    );
    expect(waiting.length).toBeGreaterThan(1);
    for (const [, { DependsOn }] of waiting) {
      expect(DependsOn).toContainEqual(expect.stringMatching(/^Guard[0-9A-F]{8}$/));
    }
  });

  test('takes options', () => {
    guard({
      backupName: 'before',
      timeout: Duration.minutes(30),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    expect(guardProperties()).toMatchObject({
      Tags: [{ Key: 'Name', Value: 'before' }],
      TimeoutSeconds: '1800',
      RemovalPolicy: 'DESTROY',
      DeployedFileSystem: 'Fs',
    });
  });

  test('adds triggers and executeBefore to its own', () => {
    const other = new ssm.CfnParameter(stack, 'Other', { type: 'String', value: '1' });
    guard({ triggers: [BackupTrigger.onValue('1')], executeBefore: [other] });
    expect(guardProperties().Triggers).toEqual([
      expect.stringMatching(/^onChangeOf:/),
      expect.stringMatching(/^onValue:/),
    ]);
    for (const id of ['Fs', 'Other']) {
      expect(Template.fromStack(stack).toJSON().Resources[id].DependsOn).toEqual([
        expect.stringMatching(/^Guard/),
      ]);
    }
  });

  test('leaves the options that were given as they are', () => {
    const options = { triggers: [BackupTrigger.onValue('1')], executeBefore: [] };
    guard(options);
    expect(options.triggers).toHaveLength(1);
    expect(options.executeBefore).toEqual([]);
  });

  test('takes executeAfter', () => {
    const other = new ssm.CfnParameter(stack, 'Other', { type: 'String', value: '1' });
    guard({ executeAfter: [other] });
    const [resource] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
    expect(resource.DependsOn).toContain('Other');
  });

  test.each<[string, (made: fsx.CfnFileSystem) => void]>([
    [
      'a property',
      (made) => {
        made.openZfsConfiguration = { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 };
      },
    ],
    [
      'a key, which replaces it',
      (made) => {
        made.kmsKeyId = 'key';
      },
    ],
    ['a logical id', (made) => made.overrideLogicalId('Other')],
    ['a tag', (made) => made.tags.setTag('team', 'a')],
  ])('has another generation with %s of the file system, also where that comes later', (_, change) => {
    guard();
    const [before] = guardProperties().Triggers;
    app = new App();
    stack = new Stack(app, 'Files');
    guard();
    change(stack.node.findChild('Fs') as fsx.CfnFileSystem);
    expect(guardProperties().Triggers).not.toEqual([before]);
  });

  test('has the same generation with a volume, an SVM or a link that comes to it', () => {
    guard();
    const before = guardProperties().Triggers;
    app = new App();
    stack = new Stack(app, 'Files');
    guard();
    volume();
    new fsx.CfnStorageVirtualMachine(stack, 'Svm', {
      name: 'svm',
      fileSystemId: (stack.node.findChild('Fs') as fsx.CfnFileSystem).ref,
    });
    expect(guardProperties().Triggers).toEqual(before);
  });
});

describe('a file system that does not wait for the backup of what is deployed', () => {
  const warnings = () =>
    Annotations.fromStack(stack)
      .findWarning('*', Match.stringLikeRegexp('cdk-fsx-backup:deployedDoesNotWait'))
      .map(({ id, entry }) => [id, entry.data]);
  const WARNING = [
    '/Files/Fs',
    expect.stringMatching(
      new RegExp(
        /^backup "Files\/Backup" is to be taken of "Files\/Fs" as it is deployed, which may be /.source +
          /changed or replaced first.*executeBefore, or use FsxBackup\.beforeChangeOf/.source,
      ),
    ),
  ];

  test.each(TIMEOUTS)('draws a warning (%s)', (timeout) => {
    new FsxBackup(stack, 'Backup', { source: BackupSource.fromDeployed(fileSystem()), timeout });
    expect(warnings()).toEqual([WARNING]);
  });

  test('draws a warning in a nested stack, too', () => {
    const inner = new NestedStack(stack, 'Inner');
    define(fileSystem(inner), inner);
    expect(warnings()).toEqual([
      ['/Files/Inner/Fs', expect.stringMatching(/"Files\/Inner\/Backup" is to be taken/)],
    ]);
  });

  test.each<[string, (backup: FsxBackup, made: fsx.CfnFileSystem) => void]>([
    ['itself', (backup, made) => backup.executeBefore(made)],
    ['with its stack', (backup) => backup.executeBefore(stack)],
    ['by a dependency', (backup, made) => made.node.addDependency(backup)],
    ['by a reference', (backup, made) => made.tags.setTag('backup', backup.backupId)],
    [
      'by something else that it waits for',
      (backup, made) => {
        const other = new ssm.CfnParameter(stack, 'Other', { type: 'String', value: '1' });
        made.node.addDependency(other);
        backup.executeBefore(other);
      },
    ],
  ])('draws none when it waits %s', (_, wait) => {
    const made = fileSystem();
    wait(define(made), made);
    expect(warnings()).toEqual([]);
  });

  test('draws one for the backup that it does not wait for, and none for the other', () => {
    const made = fileSystem();
    FsxBackup.beforeChangeOf(stack, 'Guard', made);
    define(made);
    expect(warnings()).toEqual([WARNING]);
  });

  test('draws none where that was acknowledged', () => {
    define(fileSystem());
    CdkAnnotations.of(stack).acknowledgeWarning('cdk-fsx-backup:deployedDoesNotWait', 'a nightly backup');
    expect(warnings()).toEqual([]);
  });

  test('draws none where the backup refers to it, and comes after it', () => {
    new FsxBackup(stack, 'Backup', { source: BackupSource.of(fileSystem()) });
    expect(warnings()).toEqual([]);
  });
});
