import {
  App,
  Aspects,
  Aws,
  aws_fsx as fsx,
  CfnCondition,
  CfnOutput,
  CfnParameter,
  CfnResource,
  Duration,
  NestedStack,
  RemovalPolicy,
  Stack,
  Tags,
  Token,
} from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupProps,
  FsxBackupProvider,
  IFsxBackup,
} from '../src';

const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
const VOLUME = 'fsvol-0123456789abcdef0';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

function define(props: Partial<FsxBackupProps> = {}, id = 'Backup'): FsxBackup {
  return new FsxBackup(stack, id, { source: BackupSource.fromFileSystemId(FILE_SYSTEM), ...props });
}

function customResource(): any {
  return Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'))[0];
}

describe('the custom resource', () => {
  test('carries exactly what the contract says, as text', () => {
    define();
    expect(customResource().Properties).toEqual({
      ServiceToken: { 'Fn::GetAtt': [expect.stringMatching(/^FsxBackupDefaultProviderFunction/), 'Arn'] },
      ServiceTimeout: '3600',
      SchemaVersion: '1',
      StateMachineArn: { Ref: expect.stringMatching(/^FsxBackupDefaultProviderRequests/) },
      FileSystemId: FILE_SYSTEM,
      Tags: [{ Key: 'Name', Value: 'Files/Backup' }],
      NameHasTime: 'true',
      TimeoutSeconds: '3300',
      RemovalPolicy: 'RETAIN',
    });
  });

  test('of a volume names the volume', () => {
    define({ source: BackupSource.fromVolumeId(VOLUME) });
    expect(customResource().Properties).toMatchObject({ VolumeId: VOLUME });
    expect(customResource().Properties).not.toHaveProperty('FileSystemId');
  });

  test('outlives nothing that its deletion needs', () => {
    define({ removalPolicy: RemovalPolicy.DESTROY });
    expect(customResource().DependsOn).toEqual([
      expect.stringMatching(/^FsxBackupDefaultProviderDeletionPolicy/),
      expect.stringMatching(/^FsxBackupDefaultProviderPolicy/),
    ]);
  });

  test('is waited for an hour, whatever the timeout: deletions have their own reasons to take long', () => {
    define({ timeout: Duration.minutes(10) });
    expect(customResource().Properties).toMatchObject({ TimeoutSeconds: '600', ServiceTimeout: '3600' });
  });

  test('gives its attributes to whoever asks', () => {
    const backup = define();
    const attributes: Array<keyof FsxBackup> = [
      'backupId',
      'backupArn',
      'backupCreationTime',
      'backupLifecycle',
      'backupType',
      'backupSizeInBytes',
      'backupKmsKeyId',
      'backupOwnerId',
      'backupResourceType',
      'sourceFileSystemId',
      'sourceFileSystemType',
      'sourceVolumeId',
    ];
    for (const attribute of attributes) {
      const name = attribute[0].toUpperCase() + attribute.slice(1);
      expect(stack.resolve(backup[attribute])).toEqual({
        'Fn::GetAtt': [expect.stringMatching(/^Backup/), name],
      });
    }
  });
});

describe('the resources that come with it', () => {
  const count = () => Object.keys(Template.fromStack(stack).toJSON().Resources).length;

  test('seven for the first backup of something that exists', () => {
    define();
    expect(count()).toBe(7);
  });

  test('eight for the first backup of something that the stack defines', () => {
    const fileSystem = new fsx.CfnFileSystem(stack, 'Fs', {
      fileSystemType: 'OPENZFS',
      subnetIds: ['subnet-1'],
    });
    define({ source: BackupSource.of(fileSystem) });
    define({ source: BackupSource.of(fileSystem) }, 'Second');
    expect(count()).toBe(8 + 1 + 1);
  });

  test('one more where one may be deleted', () => {
    define({ removalPolicy: RemovalPolicy.DESTROY });
    expect(count()).toBe(8);
  });

  test('one for each further backup', () => {
    for (let i = 0; i < 5; i++) define({ removalPolicy: RemovalPolicy.DESTROY }, `Backup${i}`);
    expect(count()).toBe(12);
  });
});

describe('the name', () => {
  const nameOf = () => customResource().Properties.Tags.find((tag: any) => tag.Key === 'Name').Value;

  const hasTime = () => customResource().Properties.NameHasTime === 'true';

  test('can be given', () => {
    define({ backupName: 'before the upgrade' });
    expect(nameOf()).toBe('before the upgrade');
    expect(hasTime()).toBe(false);
  });

  test('is the path by default, with characters that FSx accepts', () => {
    define({}, 'A&B (c)');
    expect(nameOf()).toBe('Files/A-B -c-');
    expect(hasTime()).toBe(true);
  });

  test('keeps the end of a long path', () => {
    define({}, `${'x'.repeat(300)}-end`);
    expect(nameOf()).toMatch(/^x{252}-end$/);
  });

  test.each([
    ['', /has 0 characters: it must have 1 to 256/],
    ['x'.repeat(257), /has 257 characters: it must have 1 to 256/],
    ['a&b', /^backupName "a&b" has other characters than/],
  ])('%j is refused', (backupName, message) => {
    expect(() => define({ backupName })).toThrow(message);
  });

  test('may be a token', () => {
    define({ backupName: new CfnParameter(stack, 'P').valueAsString });
    expect(nameOf()).toEqual({ Ref: 'P' });
    expect(hasTime()).toBe(false);
  });

  const { onValue } = BackupTrigger;
  test.each<[what: string, triggers: BackupTrigger[], name: string]>([
    ['a value', [onValue('1.4.2')], 'Files/Backup 1.4.2'],
    [
      'several, and of several triggers',
      [onValue('1.4.2', 'build 7'), onValue('a')],
      'Files/Backup 1.4.2 build 7 a',
    ],
    ['one of 40 characters', [onValue('x'.repeat(40))], `Files/Backup ${'x'.repeat(40)}`],
    ['no longer one', [onValue('x'.repeat(41), '2')], 'Files/Backup 2'],
    ['none with other characters', [onValue('sha256#1', 'a,b', '2')], 'Files/Backup 2'],
    ['none that is known only at deployment', [onValue(Aws.REGION, `v${Aws.REGION}`, '2')], 'Files/Backup 2'],
    ['nothing of other triggers', [BackupTrigger.everyDeployment()], 'Files/Backup'],
  ])('has of the triggers: %s', (_, triggers, name) => {
    define({ triggers });
    expect(nameOf()).toBe(name);
    expect(hasTime()).toBe(true);
  });

  test('has the value of a trigger that is added later', () => {
    define().addTrigger(onValue('1.4.2'));
    expect(nameOf()).toBe('Files/Backup 1.4.2');
  });

  test('of a long path ends with the value, and is no longer than FSx allows', () => {
    define({ triggers: [onValue('1.4.2')] }, '𝒳'.repeat(125));
    expect(nameOf()).toMatch(/^𝒳+ 1\.4\.2$/u);
    expect(nameOf().length).toBeLessThanOrEqual(256);
  });

  test.each<[what: string, change: (backup: FsxBackup) => void, name: string | undefined]>([
    ['a tag Name', (backup) => Tags.of(backup).add('Name', 'mine'), 'mine'],
    ['a tag Name like the default', (backup) => Tags.of(backup).add('Name', 'Files/Backup'), 'Files/Backup'],
    ['no tag Name', (backup) => Tags.of(backup).remove('Name'), undefined],
  ])('stays as it is given: %s', (_, change, name) => {
    change(define({ triggers: [onValue('1.4.2')] }));
    expect(customResource().Properties.Tags?.[0].Value).toBe(name);
    expect(hasTime()).toBe(false);
  });
});

describe('tags', () => {
  test('of the backup and of its parents reach it', () => {
    const backup = define();
    Tags.of(backup).add('team', 'files');
    Tags.of(app).add('cost', '42');
    expect(customResource().Properties.Tags).toEqual([
      { Key: 'cost', Value: '42' },
      { Key: 'Name', Value: 'Files/Backup' },
      { Key: 'team', Value: 'files' },
    ]);
  });

  test('can be removed', () => {
    Tags.of(app).add('cost', '42');
    Tags.of(define()).remove('cost');
    expect(customResource().Properties.Tags).toEqual([{ Key: 'Name', Value: 'Files/Backup' }]);
  });

  test('can be aimed at by the resource type', () => {
    define();
    Tags.of(app).add('only', 'backups', { includeResourceTypes: ['Custom::FsxBackup'] });
    expect(customResource().Properties.Tags).toContainEqual({ Key: 'only', Value: 'backups' });
  });

  test('may be 44: FSx allows 50, and six belong to the library', () => {
    const backup = define();
    for (let i = 0; i < 43; i++) Tags.of(backup).add(`t${i}`, 'v');
    expect(customResource().Properties.Tags).toHaveLength(44);
    Tags.of(backup).add('one-more', 'v');
    expect(() => new App() && Template.fromStack(withTags(44))).toThrow(
      /the backup has 45 tags, and may have 44: FSx allows 50, and 6 are the library's/,
    );
  });

  test.each([
    ['aws:cost', 'v', /tag "aws:cost": keys that begin with "aws:" are reserved by AWS/],
    ['cdk-fsx-backup:stack-id', 'v', /keys that begin with "cdk-fsx-backup:" are the library's/],
    ['a&b', 'v', /tag "a&b": the key may have letters/],
    ['k'.repeat(129), 'v', /the key has 129 characters; it must have 1 to 128/],
    ['key', 'a\nb', /tag "key": the value "a\nb" may have letters/],
    ['key', 'v'.repeat(257), /tag "key": the value has 257 characters; it may have 256/],
  ])('%j = %j is refused', (key, value, message) => {
    Tags.of(define()).add(key, value);
    expect(() => Template.fromStack(stack)).toThrow(message);
  });

  function withTags(count: number): Stack {
    const other = new Stack(new App(), 'Other');
    const backup = new FsxBackup(other, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
    for (let i = 0; i < count; i++) Tags.of(backup).add(`t${i}`, 'v');
    return other;
  }
});

describe('removal policy', () => {
  const deleteActions = () => JSON.stringify(Template.fromStack(stack).toJSON()).includes('fsx:DeleteBackup');

  test('RETAIN is the default: in CloudFormation, for the handler, and in the permissions', () => {
    define();
    expect(customResource()).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { RemovalPolicy: 'RETAIN' },
    });
    expect(deleteActions()).toBe(false);
  });

  test("DESTROY is rendered as CloudFormation's policies, for the handler, and as a permission", () => {
    define({ removalPolicy: RemovalPolicy.DESTROY });
    expect(customResource()).toMatchObject({
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: { RemovalPolicy: 'DESTROY' },
    });
    expect(deleteActions()).toBe(true);
  });

  test('can be set later', () => {
    define().applyRemovalPolicy(RemovalPolicy.DESTROY);
    expect(customResource()).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { RemovalPolicy: 'DESTROY' },
    });
    expect(deleteActions()).toBe(true);
  });

  test('SNAPSHOT is refused', () => {
    expect(() => define({ removalPolicy: RemovalPolicy.SNAPSHOT })).toThrow(
      /"Files\/Backup" is "snapshot", and a backup is a snapshot already: use RemovalPolicy.RETAIN or/,
    );
  });

  test('RETAIN_ON_UPDATE_OR_DELETE is refused', () => {
    expect(() => define({ removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE })).toThrow(
      /use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY/,
    );
  });
});

describe('timeout', () => {
  test.each([
    Duration.seconds(60),
    Duration.minutes(30),
    Duration.hours(1),
    Duration.seconds(3601),
    Duration.hours(12),
  ])('%s is accepted', (timeout) => {
    define({ timeout });
    expect(customResource().Properties.TimeoutSeconds).toBe(String(timeout.toSeconds()));
  });

  test.each([Duration.seconds(59), Duration.seconds(43_201), Duration.millis(90_500)])(
    '%s is refused',
    (timeout) => {
      expect(() => define({ timeout })).toThrow(
        /timeout is .*: it must be from 1 minute to 12 hours, in whole seconds$/,
      );
    },
  );

  test('a token is refused', () => {
    expect(() => define({ timeout: Duration.seconds(Token.asNumber({ Ref: 'P' })) })).toThrow(
      /timeout is only known at deployment/,
    );
  });
});

describe('a timeout over 55 minutes', () => {
  const chain = () =>
    Object.entries(Template.fromStack(stack).findResources('Custom::FsxBackupContinuation')) as Array<
      [string, any]
    >;
  const resourceIn = (backup: FsxBackup) =>
    backup.node.findChild('Resource').node.defaultChild as CfnResource;

  test.each([
    [Duration.minutes(55), 0],
    [Duration.minutes(56), 1],
    [Duration.minutes(110), 1],
    [Duration.hours(2), 2],
    [Duration.hours(12), 13],
  ])('%s: %i continuations', (timeout, count) => {
    define({ timeout });
    expect(chain()).toHaveLength(count);
  });

  test('leaves each continuation the time that remains', () => {
    define({ timeout: Duration.hours(2) });
    expect(chain().map(([, { Properties }]) => Properties.TimeoutSeconds)).toEqual(['3900', '600']);
  });

  test('makes a chain, in which each link holds what the link before gave', () => {
    define({ timeout: Duration.hours(2) });
    const [[first, one], [, two]] = chain();
    const { ServiceToken, StateMachineArn } = customResource().Properties;
    const given = (name: string) => ({
      BackupId: { 'Fn::GetAtt': [name, 'BackupId'] },
      BackupLifecycle: { 'Fn::GetAtt': [name, 'BackupLifecycle'] },
      BackupCreationTime: { 'Fn::GetAtt': [name, 'BackupCreationTime'] },
    });
    expect(one).toEqual({
      Type: 'Custom::FsxBackupContinuation',
      Properties: {
        ServiceToken,
        ServiceTimeout: '3600',
        SchemaVersion: '1',
        StateMachineArn,
        ...given('BackupDA3807AC'),
        TimeoutSeconds: '3900',
      },
      DependsOn: customResource().DependsOn,
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    expect(two.Properties).toMatchObject(given(first));
  });

  test('has a last link with one logical id, whatever the timeout, which gives the attributes', () => {
    const ids = [56, 111, 720].map((minutes) => {
      stack = new Stack(new App(), 'Files');
      const backup = define({ timeout: Duration.minutes(minutes) });
      const [[last]] = chain().slice(-1);
      expect(stack.resolve([backup.backupId, backup.sourceVolumeId])).toEqual([
        { 'Fn::GetAtt': [last, 'BackupId'] },
        { 'Fn::GetAtt': [last, 'SourceVolumeId'] },
      ]);
      return last;
    });
    expect(new Set(ids).size).toBe(1);
  });

  test('lets everything that waits for the backup wait for all of the chain', () => {
    const backup = define({ timeout: Duration.hours(2) });
    const service = new CfnResource(stack, 'Service', { type: 'AWS::ECS::Service' });
    service.node.addDependency(backup);
    const { DependsOn } = Template.fromStack(stack).findResources('AWS::ECS::Service').Service;
    expect(DependsOn).toEqual(expect.arrayContaining(chain().map(([id]) => id)));
  });

  test.each<[string, (backup: FsxBackup, condition: CfnCondition) => void]>([
    ['set later', (backup, condition) => (resourceIn(backup).cfnOptions.condition = condition)],
    [
      'set by an aspect',
      (backup, condition) =>
        Aspects.of(backup).add({
          visit: (node) => {
            if (CfnResource.isCfnResource(node)) node.cfnOptions.condition = condition;
          },
        }),
    ],
  ])('is under the condition of the backup: %s', (_, set) => {
    set(define({ timeout: Duration.hours(2) }), new CfnCondition(stack, 'IsProd'));
    const conditions = () =>
      [customResource(), ...chain().map(([, link]) => link)].map((all) => all.Condition);
    expect(conditions()).toEqual(['IsProd', 'IsProd', 'IsProd']);
  });

  test('goes with triggers that are only known at deployment', () => {
    const value = new CfnParameter(stack, 'Version').valueAsString;
    define({ timeout: Duration.hours(2), triggers: [BackupTrigger.onValue(value)] });
    expect(JSON.stringify(customResource().Properties.Triggers)).toContain('{"Ref":"Version"}');
  });

  test('leaves the removal policy to the backup itself, since its links own nothing', () => {
    define({ timeout: Duration.hours(1), removalPolicy: RemovalPolicy.DESTROY });
    expect(chain()[0][1]).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

describe('the provider', () => {
  test('is shared by the backups of a stack', () => {
    define({}, 'One');
    define({}, 'Two');
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
  });

  test("is each stack's own", () => {
    const nested = new NestedStack(stack, 'Nested');
    define();
    new FsxBackup(nested, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
    Template.fromStack(nested).resourceCountIs('AWS::Lambda::Function', 1);
  });

  test('that is brought along is the one that is used', () => {
    define({ provider: new FsxBackupProvider(stack, 'Mine') });
    expect(customResource().Properties.ServiceToken['Fn::GetAtt'][0]).toMatch(/^MineFunction/);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
  });

  test('of another stack is refused', () => {
    const provider = new FsxBackupProvider(new Stack(app, 'Operators'), 'Provider');
    expect(() => define({ provider })).toThrow(
      /provider "Operators\/Provider" is not in the stack of backup "Files\/Backup".*define one in "Files"/,
    );
  });
});

describe('fromBackupId', () => {
  test('refers to a backup that exists, and defines nothing', () => {
    const backup: IFsxBackup = FsxBackup.fromBackupId(stack, 'Old', 'backup-03e3c82e0183b7b6b');
    expect(backup.backupId).toBe('backup-03e3c82e0183b7b6b');
    expect(stack.resolve(backup.backupArn)).toEqual({
      'Fn::Join': [
        '',
        [
          'arn:',
          { Ref: 'AWS::Partition' },
          ':fsx:',
          { Ref: 'AWS::Region' },
          ':',
          { Ref: 'AWS::AccountId' },
          ':backup/backup-03e3c82e0183b7b6b',
        ],
      ],
    });
    expect(Template.fromStack(stack).toJSON()).not.toHaveProperty('Resources');
  });

  test('takes a token', () => {
    expect(FsxBackup.fromBackupId(stack, 'Old', new CfnParameter(stack, 'P').valueAsString).backupId).toMatch(
      /Token/,
    );
  });

  test.each(['fs-0498eed5fe91001ec', 'backup-', 'backup-xyz', 'my backup-03e3c82e0183b7b6b'])(
    'refuses %s',
    (id) => {
      expect(() => FsxBackup.fromBackupId(stack, 'Old', id)).toThrow(
        `"${id}" is not the id of an FSx backup`,
      );
    },
  );
});

test('a backup can be restored from by its id', () => {
  new fsx.CfnFileSystem(stack, 'Restored', {
    fileSystemType: 'OPENZFS',
    subnetIds: ['subnet-1'],
    backupId: define().backupId,
  });
  Template.fromStack(stack).hasResourceProperties('AWS::FSx::FileSystem', {
    BackupId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Backup'), 'BackupId'] },
  });
});

test('a stack with a backup synthesizes without warnings, and the same every time', () => {
  define();
  new CfnOutput(stack, 'Id', { value: (stack.node.findChild('Backup') as FsxBackup).backupId });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  const once = Template.fromStack(stack).toJSON();
  const again = new Stack(new App(), 'Files');
  const backup = new FsxBackup(again, 'Backup', { source: BackupSource.fromFileSystemId(FILE_SYSTEM) });
  new CfnOutput(again, 'Id', { value: backup.backupId });
  expect(Template.fromStack(again).toJSON()).toEqual(once);
});

test('nothing names a partition', () => {
  define({ removalPolicy: RemovalPolicy.DESTROY });
  expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toMatch(/arn:aws/);
});

test("a resource of another type under the backup's id is no surprise", () => {
  expect(CfnResource.isCfnResource(define().node.findChild('Resource').node.defaultChild)).toBe(true);
});
