import { App, aws_fsx as fsx, CfnParameter, NestedStack, Stack, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackup, FsxBackupProvider, FsxFinalBackup, FsxFinalBackupProps } from '../src';

const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
const VOLUME = 'fsvol-0123456789abcdef0';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

function define(props: Partial<FsxFinalBackupProps> = {}, id = 'Final'): FsxFinalBackup {
  return new FsxFinalBackup(stack, id, { source: BackupSource.fromFileSystemId(FILE_SYSTEM), ...props });
}

function fileSystem(id = 'Source', fileSystemType = 'OPENZFS'): fsx.CfnFileSystem {
  return new fsx.CfnFileSystem(stack, id, { fileSystemType, subnetIds: ['subnet-1'] });
}

function customResource(): any {
  return Object.values(Template.fromStack(stack).findResources('Custom::FsxFinalBackup'))[0];
}

function nameTag(): unknown {
  return customResource().Properties.Tags.find((tag: any) => tag.Key === 'Name').Value;
}

/** The logical id of a resource, without its hash. */
function dependencies(): string[] {
  return customResource().DependsOn.map((name: string) => name.replace(/[0-9A-F]{8}$/, ''));
}

describe('the custom resource', () => {
  test('carries exactly what the contract says, as text', () => {
    define();
    expect(customResource()).toEqual({
      Type: 'Custom::FsxFinalBackup',
      Properties: {
        ServiceToken: { 'Fn::GetAtt': [expect.stringMatching(/^FsxBackupDefaultProviderFunction/), 'Arn'] },
        ServiceTimeout: '3600',
        SchemaVersion: '1',
        StateMachineArn: { Ref: expect.stringMatching(/^FsxBackupDefaultProviderRequests/) },
        FileSystemId: FILE_SYSTEM,
        Tags: [{ Key: 'Name', Value: 'Files/Final' }],
        NameHasTime: 'true',
        TimeoutSeconds: '3300',
        RemovalPolicy: 'RETAIN',
      },
      DependsOn: expect.anything(),
      DeletionPolicy: 'Delete', // CloudFormation must tell when it deletes
      UpdateReplacePolicy: 'Delete',
    });
  });

  test('of a volume names the volume', () => {
    define({ source: BackupSource.fromVolumeId(VOLUME) });
    expect(customResource().Properties).toMatchObject({ VolumeId: VOLUME });
    expect(customResource().Properties).not.toHaveProperty('FileSystemId');
  });

  test('refers to its source, so that CloudFormation deletes the source afterwards', () => {
    define({ source: BackupSource.of(fileSystem()) });
    expect(customResource().Properties.FileSystemId).toEqual({ Ref: 'Source' });
  });

  test('takes a token for a source', () => {
    define({ source: BackupSource.fromFileSystemId(new CfnParameter(stack, 'Id').valueAsString) });
    expect(customResource().Properties.FileSystemId).toEqual({ Ref: 'Id' });
  });

  test('goes before the permissions that its deletion needs', () => {
    define({ source: BackupSource.of(fileSystem()) });
    expect(dependencies()).toEqual([
      'FsxBackupDefaultProviderFinalBackupPolicy',
      'FsxBackupDefaultProviderPolicy',
    ]);
  });
});

describe('permissions', () => {
  const policies = () =>
    Object.fromEntries(
      Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).map(([id, policy]) => [
        id.replace(/[0-9A-F]{8}$/, ''),
        policy.Properties.PolicyDocument.Statement,
      ]),
    );
  const arn = (rest: string) => ({
    'Fn::Join': [
      '',
      [
        'arn:',
        { Ref: 'AWS::Partition' },
        ':fsx:',
        { Ref: 'AWS::Region' },
        ':',
        { Ref: 'AWS::AccountId' },
        rest,
      ],
    ],
  });

  test('to take a final backup are a policy of its own, for any source: a cleanup may have another', () => {
    define({ source: BackupSource.of(fileSystem()) });
    define({ source: BackupSource.fromVolumeId(VOLUME) }, 'Another');
    expect(policies().FsxBackupDefaultProviderFinalBackupPolicy).toEqual([
      { Effect: 'Allow', Action: 'fsx:CreateBackup', Resource: [arn(':file-system/*'), arn(':volume/*/*')] },
    ]);
    expect(Object.keys(policies())).toHaveLength(2);
  });

  test('never include a deletion', () => {
    define();
    expect(JSON.stringify(policies())).not.toContain('fsx:DeleteBackup');
  });

  test('are not there without a final backup', () => {
    new FsxBackup(stack, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
    expect(Object.keys(policies())).toEqual(['FsxBackupDefaultProviderPolicy']);
  });

  test('are those of the provider that is named', () => {
    define({ provider: new FsxBackupProvider(stack, 'Mine') });
    expect(dependencies()).toEqual(['MineFinalBackupPolicy', 'MinePolicy']);
    expect(stack.node.tryFindChild('FsxBackupDefaultProvider')).toBeUndefined();
  });

  test('do not come from a provider of another stack', () => {
    const provider = new FsxBackupProvider(new Stack(app, 'Other'), 'Provider');
    expect(() => define({ provider })).toThrow(
      /provider "Other\/Provider" is not in the stack of backup "Files\/Final"/,
    );
  });
});

describe('the resources that come with final backups', () => {
  const count = () => Object.keys(Template.fromStack(stack).toJSON().Resources).length;

  test.each([
    [1, 8],
    [2, 9],
    [5, 12],
  ])('%i: %i', (finals, resources) => {
    for (let n = 0; n < finals; n++) define({}, `Final${n}`);
    expect(count()).toBe(resources);
  });

  test('are shared with the backups of the stack', () => {
    new FsxBackup(stack, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
    define();
    expect(count()).toBe(7 + 2);
  });

  test("are the nested stack's own in a nested stack", () => {
    const nested = new NestedStack(stack, 'Nested');
    new FsxFinalBackup(nested, 'Final', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
    expect(Object.keys(Template.fromStack(nested).toJSON().Resources)).toHaveLength(8);
  });
});

describe('name and tags', () => {
  test('the name can be given, and is the path by default', () => {
    define({ backupName: 'the last one' });
    expect(nameTag()).toBe('the last one');
  });

  test.each([
    ['', /has 0 characters: it must have 1 to 256/],
    ['x'.repeat(257), /has 257 characters/],
    ['a&b', /^backupName "a&b" has other characters than/],
  ])('the name %j is refused', (backupName, message) => {
    expect(() => define({ backupName })).toThrow(message);
  });

  test('tags of the backup and of its parents reach it', () => {
    Tags.of(define()).add('team', 'files');
    Tags.of(app).add('cost', '42');
    expect(customResource().Properties.Tags).toEqual([
      { Key: 'cost', Value: '42' },
      { Key: 'Name', Value: 'Files/Final' },
      { Key: 'team', Value: 'files' },
    ]);
  });

  test('tags can be aimed at by the resource type', () => {
    define();
    new FsxBackup(stack, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
    Tags.of(app).add('last', 'yes', { includeResourceTypes: ['Custom::FsxFinalBackup'] });
    expect(customResource().Properties.Tags).toContainEqual({ Key: 'last', Value: 'yes' });
    const [backup] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
    expect(backup.Properties.Tags).not.toContainEqual({ Key: 'last', Value: 'yes' });
  });

  test.each([
    ['aws:x', 'y', /reserved by AWS/],
    ['cdk-fsx-backup:stack-id', 'y', /are the library's/],
    ['team', 'a&b', /the value "a&b" may have/],
  ])('the tag %s=%s is refused at synthesis', (key, value, message) => {
    Tags.of(define()).add(key, value);
    expect(() => app.synth()).toThrow(message);
  });

  test('more tags than fit are refused at synthesis', () => {
    const final = define();
    for (let n = 0; n < 44; n++) Tags.of(final).add(`key${n}`, 'v');
    expect(() => app.synth()).toThrow(/the backup has 45 tags, and may have 44/);
  });
});

describe('a source', () => {
  test('by fromDeployed is refused, with what to use', () => {
    expect(() => define({ source: BackupSource.fromDeployed(fileSystem()) })).toThrow(
      /the source of final backup "Files\/Final" is BackupSource\.fromDeployed.*: use BackupSource\.of$/,
    );
  });

  test('that FSx cannot back up is refused', () => {
    define({ source: BackupSource.of(fileSystem('Source', 'ONTAP')) });
    expect(() => app.synth()).toThrow(/FSx backs up its volumes/);
  });

  test('that is linked to a data repository is refused at synthesis', () => {
    const lustre = new fsx.CfnFileSystem(stack, 'Source', {
      fileSystemType: 'LUSTRE',
      subnetIds: ['subnet-1'],
      lustreConfiguration: { deploymentType: 'PERSISTENT_2', perUnitStorageThroughput: 125 },
    });
    define({ source: BackupSource.of(lustre) });
    new fsx.CfnDataRepositoryAssociation(stack, 'Link', {
      fileSystemId: lustre.ref,
      fileSystemPath: '/',
      dataRepositoryPath: 's3://bucket',
    });
    expect(() => app.synth()).toThrow(/linked to a data repository by "Files\/Link"/);
  });

  test('of another stack makes this one wait for that one, and so be deleted first', () => {
    const other = new Stack(app, 'Other');
    new FsxFinalBackup(other, 'Final', { source: BackupSource.of(fileSystem()) });
    app.synth();
    expect(other.dependencies).toEqual([stack]);
  });
});

test('what comes before everything else does not wait for a final backup', () => {
  const source = fileSystem();
  define({ source: BackupSource.of(source) });
  new FsxBackup(stack, 'Backup', { source: BackupSource.fromDeployed(source), executeBefore: [stack] });
  expect(() => app.synth()).not.toThrow();
  expect(dependencies()).not.toContain('Backup');
});
