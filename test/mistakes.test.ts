import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import {
  App,
  Aspects,
  aws_fsx as fsx,
  aws_ssm as ssm,
  CfnOutput,
  CfnResource,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import * as ts from 'typescript';
import * as library from '../src';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupAction,
  FsxBackupProvider,
  FsxBackupStep,
  FsxFinalBackup,
  FsxProtection,
  RestorePoint,
  WhenMissing,
} from '../src';

/*
 * The mistakes that people make, newcomers' and hostile ones: each draws an error or a warning when the app
 * is synthesized, in words that help.
 */

const { RemovalPolicy, RemovalPolicies, Duration, NestedStack } = cdk;
const ID = 'fs-0498eed5fe91001ec';
const BACKUP = 'backup-0123456789abcdef0';
const ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:Runs';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const source = BackupSource.fromFileSystemId(ID);
const triggers = [BackupTrigger.onValue('1')];
const backup = (props: any = {}) => new FsxBackup(stack, 'Backup', { source, ...props });
const final = (props: any = {}) => new FsxFinalBackup(stack, 'Final', { source, ...props });
const provider = (props?: any) => new FsxBackupProvider(stack, 'Provider', props);
const step = (props: any = {}) => new FsxBackupStep('Backup', { source, ...props });
const action = (props: any = {}) => new FsxBackupAction({ actionName: 'Backup', source, ...props });
const protection = (scope: any = stack) => FsxProtection.of(scope);
const parameter = (id: string) => new ssm.CfnParameter(stack, id, { type: 'String', value: '1' });
const imported = () => FsxBackupProvider.fromStateMachineArn(stack, 'Imported', ARN);
const fileSystem = (props: Partial<fsx.CfnFileSystemProps> = {}, scope: Construct = stack) =>
  new fsx.CfnFileSystem(scope, 'Fs', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'], ...props });
const lustre = (configuration: fsx.CfnFileSystem.LustreConfigurationProperty) =>
  fileSystem({ fileSystemType: 'LUSTRE', lustreConfiguration: configuration });
const volume = (props: Partial<fsx.CfnVolumeProps>) =>
  new fsx.CfnVolume(stack, 'Volume', { name: 'vol', volumeType: 'ONTAP', ...props });
const otherCopy = (): typeof library => {
  let copy: any;
  jest.isolateModules(() => {
    copy = jest.requireActual('../src');
  });
  return copy;
};

/** A pipeline whose second stage takes the backup. */
function pipelineWith(made: FsxBackupAction): void {
  const output = new codepipeline.Artifact();
  const bucket = s3.Bucket.fromBucketName(stack, 'Source', 'source');
  const first = new actions.S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'key', output });
  new codepipeline.Pipeline(stack, 'Pipeline', {
    stages: [
      { stageName: 'Source', actions: [first] },
      { stageName: 'Backup', actions: [made] },
    ],
  });
}

type Row = readonly [what: string, draws: string | RegExp, make: () => unknown];

const SOURCES: Row[] = [
  [
    'an id in place of a source',
    /^the source of backup "Files\/Backup" is "fs-.*BackupSource\.of/,
    () => backup({ source: ID }),
  ],
  ['no source', /^the source of backup "Files\/Backup" is undefined/, () => backup({ source: undefined })],
  [
    'a file system in place of a source',
    /is an object \(CfnFileSystem\): give a BackupSource/,
    () => backup({ source: fileSystem() }),
  ],
  [
    'a final backup of an id',
    /^the source of final backup "Files\/Final" is "fs-/,
    () => final({ source: ID }),
  ],
  [
    'D9: blanks around an id',
    /; remove the blanks around it$/,
    () => BackupSource.fromFileSystemId(`${ID} `),
  ],
  [
    'the id of a volume as that of a file system',
    /for a volume use BackupSource\.fromVolumeId/,
    () => BackupSource.fromFileSystemId('fsvol-0123456789abcdef0'),
  ],
  [
    'a backup id as a source',
    /use FsxBackup\.fromBackupId/,
    () => BackupSource.fromFileSystemId('backup-0123456789abcdef0'),
  ],
  [
    'D3: what looks like the dummy of a look-up, and is none',
    /is not the id of an FSx file system/,
    () => BackupSource.fromFileSystemId('dummy'),
  ],
  [
    'an id where a construct belongs',
    /^BackupSource\.of needs a construct, and got fs-/,
    () => BackupSource.of(ID as any),
  ],
  [
    'a stack without a file system',
    /^BackupSource\.of needs a construct that defines one .* defines none/,
    () => BackupSource.of(stack),
  ],
  [
    'D6: a file system of EFS',
    /defines none, but an AWS::EFS::FileSystem/,
    () => BackupSource.of(new efs.CfnFileSystem(stack, 'Efs')),
  ],
  [
    'D6: the id of a file system of EFS',
    /got an attribute of "Files\/Efs", an AWS::EFS::FileSystem/,
    () => BackupSource.fromFileSystemId(new efs.CfnFileSystem(stack, 'Efs').ref),
  ],
  [
    'an ONTAP file system',
    /FSx backs up its volumes, not the file system/,
    () => backup({ source: BackupSource.of(fileSystem({ fileSystemType: 'ONTAP' })) }),
  ],
  [
    'a volume of OpenZFS',
    /FSx backs up the OpenZFS file system as a whole/,
    () => backup({ source: BackupSource.of(volume({ volumeType: 'OPENZFS' })) }),
  ],
  [
    'Lustre without a deployment type',
    /deployment type SCRATCH_1, and FSx cannot back up scratch/,
    () => backup({ source: BackupSource.of(lustre({})) }),
  ],
  [
    'D5: scratch Lustre by an override',
    /deployment type SCRATCH_2/,
    () => {
      const made = lustre({ deploymentType: 'PERSISTENT_2' });
      made.addPropertyOverride('LustreConfiguration.DeploymentType', 'SCRATCH_2');
      backup({ source: BackupSource.of(made) });
    },
  ],
  [
    'Lustre that is linked to a bucket',
    /is linked to a data repository by its ImportPath/,
    () =>
      backup({ source: BackupSource.of(lustre({ deploymentType: 'PERSISTENT_1', importPath: 's3://b' })) }),
  ],
  [
    'C4: a source of another Region',
    /FSx takes backups in the account and Region of the source/,
    () => {
      const env = (region: string) => ({ env: { account: '111111111111', region } });
      const made = fileSystem({}, new Stack(app, 'There', env('us-east-1')));
      new FsxBackup(new Stack(app, 'Here', env('eu-west-1')), 'Backup', { source: BackupSource.of(made) });
    },
  ],
  [
    'fromDeployed of another stack',
    /only its own stack can look it up/,
    () => backup({ source: BackupSource.fromDeployed(fileSystem({}, new Stack(app, 'Other'))) }),
  ],
  [
    'a final backup with fromDeployed',
    /does not keep CloudFormation from deleting it first: use BackupSource\.of/,
    () => final({ source: BackupSource.fromDeployed(fileSystem()) }),
  ],
  [
    'an imported backup by the id of a file system',
    /is not the id of an FSx backup/,
    () => FsxBackup.fromBackupId(stack, 'Old', ID),
  ],
];

const MOMENTS: Row[] = [
  [
    'C5: triggers, and nothing that waits',
    'nothingWaits',
    () => [backup({ triggers }), parameter('Service')],
  ],
  [
    'C5: something that waits, and no triggers',
    'waitWithoutTriggers',
    () => backup({ executeBefore: [parameter('Service')] }),
  ],
  [
    'C5: a trigger on one thing, and the wait of another',
    'anotherWaits',
    () =>
      backup({
        triggers: [BackupTrigger.onChangeOf(parameter('Watched'))],
        executeBefore: [parameter('Service')],
      }),
  ],
  [
    'C5: executeBefore of an empty construct',
    'executeBeforeNothing',
    () => backup({ triggers, executeBefore: [new Construct(stack, 'Empty')] }),
  ],
  [
    'executeBefore of another stack',
    'executeBeforeOtherStack',
    () => backup({ triggers, executeBefore: [new Stack(app, 'Other')] }),
  ],
  [
    'executeBefore of what the backup refers to',
    /cannot wait for backup "Files\/Backup": .*FsxBackup\.beforeChangeOf/,
    () => {
      const made = fileSystem();
      backup({ source: BackupSource.of(made), executeBefore: [made] });
    },
  ],
  [
    'a circle',
    /a backup waits for itself/,
    () => {
      const service = parameter('Service');
      backup({ triggers, executeBefore: [service], executeAfter: [service] });
    },
  ],
  [
    'a guard that nobody waits for',
    'deployedDoesNotWait',
    () => backup({ source: BackupSource.fromDeployed(fileSystem()) }),
  ],
  [
    'a guard of something that is no file system',
    /^BackupSource\.fromDeployed needs a construct that defines one/,
    () => FsxBackup.beforeChangeOf(stack, 'Guard', parameter('Service')),
  ],
  [
    'a guard of nothing',
    /^BackupSource\.fromDeployed needs a construct, and got undefined/,
    () => FsxBackup.beforeChangeOf(stack, 'Guard', undefined as any),
  ],
  ['C5: keepLast without triggers', 'keepLastWithoutTriggers', () => backup({ keepLast: 3 })],
  ['an empty value of a trigger', /^BackupTrigger\.onValue got ""/, () => BackupTrigger.onValue('')],
  [
    'a variable that is missing',
    /^BackupTrigger\.onValue got undefined: .* variable of the environment may be missing/,
    () => BackupTrigger.onValue(process.env.NOT_THERE as any),
  ],
  [
    'a variable that is missing, in a text',
    /^BackupTrigger\.onValue got "undefined"/,
    () => BackupTrigger.onValue(`${process.env.NOT_THERE}`),
  ],
  ['a value that is a number', /^BackupTrigger\.onValue got 7/, () => BackupTrigger.onValue(7 as any)],
  ['no value', /^BackupTrigger\.onValue needs a value/, () => BackupTrigger.onValue()],
  [
    'D9: onChangeOf of nothing',
    /^BackupTrigger\.onChangeOf covers no resource: it got none/,
    () => backup({ triggers: [BackupTrigger.onChangeOf()] }),
  ],
  [
    'onChangeOf of a name',
    /^what BackupTrigger\.onChangeOf got is "Service": give a construct/,
    () => BackupTrigger.onChangeOf('Service' as any),
  ],
  [
    'onChangeOf of a list',
    /^what BackupTrigger\.onChangeOf got is a list: give a construct/,
    () => BackupTrigger.onChangeOf([stack] as any),
  ],
  [
    'onChangeOf of what uses a secret',
    'unseenChange',
    () => {
      const secret = new cdk.CfnParameter(stack, 'Secret', { noEcho: true });
      const service = new ssm.CfnParameter(stack, 'Service', { type: 'String', value: secret.valueAsString });
      FsxBackup.beforeChangeOf(stack, 'Before', service, { source });
    },
  ],
  [
    'a file system that is restored from a backup with triggers',
    'restoreFromTriggered',
    () => fileSystem({ backupId: backup({ triggers }).backupId }),
  ],
  [
    'an export of a backup with triggers',
    'exportOfTriggered',
    () => new CfnOutput(stack, 'Id', { value: backup({ triggers }).backupId, exportName: 'id' }),
  ],
];

const POLICIES: Row[] = [
  [
    'C5: a final backup of what is retained',
    'finalOfRetained',
    () => {
      const made = fileSystem();
      made.applyRemovalPolicy(RemovalPolicy.RETAIN);
      final({ source: BackupSource.of(made) });
    },
  ],
  [
    'D8: an aspect that deletes everything',
    'removalPolicyOfResource',
    () => [backup(), RemovalPolicies.of(stack).destroy()],
  ],
  [
    'D8: an aspect of our own that deletes everything',
    'removalPolicyOfResource',
    () => {
      backup();
      Aspects.of(app).add({
        visit: (node) => CfnResource.isCfnResource(node) && node.applyRemovalPolicy(RemovalPolicy.DESTROY),
      });
    },
  ],
  [
    'the removal policy SNAPSHOT',
    /a backup is a snapshot already: use RemovalPolicy\.RETAIN/,
    () => backup({ removalPolicy: RemovalPolicy.SNAPSHOT }),
  ],
  [
    'the removal policy as another text',
    /^removalPolicy of "Files\/Backup" is "DELETE": use/,
    () => backup({ removalPolicy: 'DELETE' }),
  ],
  [
    'keepLast with DESTROY',
    /^keepLast of "Files\/Backup" is 3, and its removalPolicy is DESTROY/,
    () => backup({ keepLast: 3, removalPolicy: RemovalPolicy.DESTROY }),
  ],
  [
    'keepLast of nothing',
    /^keepLast is 0: it must be a whole number of at least 1/,
    () => backup({ keepLast: 0 }),
  ],
  ['keepLast as a text', /^keepLast is "3": it must be a whole number/, () => backup({ keepLast: '3' })],
];

const OPTIONS: Row[] = [
  [
    'no properties',
    /^what backup "Files\/Bare" got is undefined: give an object of properties/,
    () => new FsxBackup(stack, 'Bare', undefined as any),
  ],
  [
    'no properties of a final backup',
    /^what final backup "Files\/Bare" got is undefined/,
    () => new FsxFinalBackup(stack, 'Bare', undefined as any),
  ],
  [
    'a trigger that is a value',
    /^a trigger of "Files\/Backup" is "1": give a BackupTrigger/,
    () => backup({ triggers: ['1'] }),
  ],
  [
    'triggers that are no list',
    /^triggers is an object \(BackupTrigger\): give a list/,
    () => backup({ triggers: triggers[0] }),
  ],
  [
    'executeBefore that is no list',
    /^executeBefore is an object \(CfnParameter\): give a list/,
    () => backup({ executeBefore: parameter('Service') }),
  ],
  [
    'executeAfter that is a text',
    /^executeAfter is "Service": give a list/,
    () => backup({ executeAfter: 'Service' }),
  ],
  [
    'executeBefore of a name',
    /^executeBefore of "Files\/Backup" is "Service": give a construct/,
    () => backup({ executeBefore: ['Service'] }),
  ],
  [
    'executeAfter of a hole in a list',
    /^executeAfter of "Files\/Backup" is undefined: give a construct/,
    () => backup({ executeAfter: [undefined] }),
  ],
  [
    'options of a guard that are no lists',
    /^triggers is "1": give a list/,
    () => FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem(), { triggers: '1' as any }),
  ],
  [
    'a timeout that is a number',
    /^timeout is 30: give a Duration, such as Duration\.minutes\(30\)/,
    () => backup({ timeout: 30 }),
  ],
  [
    'a timeout of a day',
    /^timeout is 1 day: it must be from 1 minute to/,
    () => backup({ timeout: Duration.days(1) }),
  ],
  ['a name that is a number', /^backupName is 7: give a text/, () => backup({ backupName: 7 })],
  [
    'a name of a final backup that is a list',
    /^backupName is a list: give a text/,
    () => final({ backupName: ['a'] }),
  ],
  [
    'a name with other characters',
    /^backupName "a&b" has other characters/,
    () => backup({ backupName: 'a&b' }),
  ],
  [
    'a tag of AWS',
    /^tag "aws:x": keys that begin with "aws:" are reserved/,
    () => Tags.of(backup()).add('aws:x', 'y'),
  ],
  [
    'a forged tag of the library',
    /keys that begin with "cdk-fsx-backup:" are the library's/,
    () => Tags.of(backup()).add('cdk-fsx-backup:stack-id', 'y'),
  ],
  [
    'a provider that is a text',
    /^the provider of "Files\/Backup" is "": give an FsxBackupProvider/,
    () => backup({ provider: '' }),
  ],
  [
    'a provider that is imported',
    /is an object \(ImportedProvider\): give an FsxBackupProvider/,
    () => backup({ provider: imported() }),
  ],
  [
    'a provider of another stack',
    /a provider serves the stack in which it is defined/,
    () => backup({ provider: new FsxBackupProvider(new Stack(app, 'Other'), 'P') }),
  ],
  [
    'D11: a source of another copy of the package',
    /comes from another copy of cdk-fsx-backup/,
    () => backup({ source: otherCopy().BackupSource.fromFileSystemId(ID) }),
  ],
  [
    'D11: a provider of another copy of the package',
    /comes from another copy of cdk-fsx-backup/,
    () => backup({ provider: new (otherCopy().FsxBackupProvider)(stack, 'P') }),
  ],
];

const PROVIDERS: Row[] = [
  [
    'properties of a provider that are null',
    /^what provider "Files\/Provider" got is null/,
    () => provider(null),
  ],
  [
    'a role that is an ARN',
    /^the role of provider "Files\/Provider" is "arn:.*iam\.Role\.fromRoleArn/,
    () => provider({ role: 'arn:aws:iam::1:role/r' }),
  ],
  [
    'a VPC that is an id',
    /^the vpc of provider "Files\/Provider" is "vpc-1"/,
    () => provider({ vpc: 'vpc-1' }),
  ],
  [
    'subnets that are an id',
    /^what vpcSubnets of provider "Files\/Provider" got is "subnet-1"/,
    () => provider({ vpcSubnets: 'subnet-1' }),
  ],
  [
    'a security group that is an id',
    /^a security group of provider "Files\/Provider" is "sg-1"/,
    () => provider({ securityGroups: ['sg-1'] }),
  ],
  [
    'security groups that are no list',
    /^securityGroups of provider "Files\/Provider" is "sg-1": give a list/,
    () => provider({ securityGroups: 'sg-1' }),
  ],
  [
    'a log group that is a name',
    /^the logGroup of provider "Files\/Provider" is "logs"/,
    () => provider({ logGroup: 'logs' }),
  ],
  [
    'a key that is an ARN',
    /^the encryptionKey of provider "Files\/Provider" is "arn:/,
    () => provider({ encryptionKey: 'arn:aws:kms:…' }),
  ],
  [
    'the ARN of something else',
    /is not the ARN of a state machine/,
    () => FsxBackupProvider.fromStateMachineArn(stack, 'P', 'arn:aws:s3:::b'),
  ],
  [
    'a source of a provider that is an id',
    /^the source of provider "Files\/Provider" is "fs-/,
    () => provider().allowBackupsOf(ID as any),
  ],
];

const PIPELINES: Row[] = [
  [
    'no properties of an action',
    /^what an FsxBackupAction got is undefined/,
    () => new FsxBackupAction(undefined as any),
  ],
  [
    'no properties of a step',
    /^what step "Backup" got is undefined/,
    () => new FsxBackupStep('Backup', undefined as any),
  ],
  [
    'a step of an id, with an imported provider',
    /^the source of step "Backup" is "fs-/,
    () => step({ source: ID, provider: imported() }),
  ],
  [
    'an action of a construct, with an imported provider',
    /^the source of action "Backup" is an object \(CfnFileSystem\)/,
    () => action({ source: fileSystem(), provider: imported() }),
  ],
  [
    'a provider that is an ARN',
    /^the provider of action "Backup" is "arn:.*FsxBackupProvider\.fromStateMachineArn/,
    () => action({ provider: ARN }),
  ],
  [
    'whenMissing as another text',
    /^whenMissing of step "Backup" is "skip": give WhenMissing\.FAIL/,
    () => step({ whenMissing: 'skip' }),
  ],
  ['a timeout of a step that is a number', /^timeout is 30: give a Duration/, () => step({ timeout: 30 })],
  [
    'a name of a step that is a number',
    /^backupName of step "Backup" is 7: give a text/,
    () => step({ backupName: 7 }),
  ],
  [
    'tags that are a text',
    /^what tags of step "Backup" got is "team=files"/,
    () => step({ tags: 'team=files' }),
  ],
  [
    'a tag that is a number',
    /^tag "cost" of action "Backup" is 4711: give a text/,
    () => action({ tags: { cost: 4711 } }),
  ],
  ['keepLast of a step that is a half', /^keepLast is 0\.5/, () => step({ keepLast: 0.5 })],
  [
    'a role of a step that is an ARN',
    /^the role of step "Backup" is "arn:/,
    () => step({ role: 'arn:aws:iam::1:role/r' }),
  ],
  [
    'an output that is a name',
    /^the output of action "Backup" is "Backup": give a codepipeline\.Artifact/,
    () => action({ output: 'Backup' }),
  ],
  [
    'a commit message in a tag',
    /holds "#\{.*CommitMessage\}": CodePipeline writes the text of a variable/,
    () => pipelineWith(action({ tags: { commit: '#{Source.CommitMessage}' } })),
  ],
  [
    'more than the input can hold',
    /the input of ".*" has about \d+ characters, and CodePipeline allows 1000/,
    () =>
      pipelineWith(
        action({ tags: { a: 'x'.repeat(256), b: 'x'.repeat(256), c: 'x'.repeat(256), d: 'x'.repeat(256) } }),
      ),
  ],
];

const RESTORES: Row[] = [
  [
    'the id of a file system as a restore point',
    /^the restore point is "fs-0498eed5fe91001ec": it must be "new", or "backup-"/,
    () => RestorePoint.literal(stack, ID),
  ],
  [
    'a restore point without a value',
    /^the restore point is undefined: it must be "new"/,
    () => RestorePoint.literal(stack, app.node.tryGetContext('forgotten')),
  ],
  [
    'a restore point that is not used',
    'restorePointUnused',
    () => RestorePoint.parameter(stack, 'RestoreFrom'),
  ],
  [
    'a restored volume with the name of the one that it replaces',
    'restoreKeepsName',
    () => volume({ backupId: RestorePoint.parameter(stack, 'RestoreFrom').backupId }),
  ],
  [
    'a restored ONTAP file system',
    /is an ONTAP file system, and FSx restores its volumes/,
    () => fileSystem({ fileSystemType: 'ONTAP', backupId: RestorePoint.literal(stack, BACKUP).backupId }),
  ],
];

const PROTECTION: Row[] = [
  ['a scope that is a name', /^the scope of FsxProtection is "Files": give/, () => protection('Files').add()],
  [
    'neither kind of backup',
    /adds nothing/,
    () => protection().add({ beforeChange: false, finalBackup: false }),
  ],
  [
    'a flag that is a text',
    /^finalBackup of FsxProtection is "false": give true or false/,
    () => protection().add({ finalBackup: 'false' as any }),
  ],
  ['keepLast of nothing, for all', /beforeChange: false$/, () => protection().add({ keepLast: 0 })],
  [
    'a timeout that is too long, for all',
    /^timeout is 13 hours/,
    () => protection().add({ timeout: Duration.hours(13) }),
  ],
  ['options that are none', /^what FsxProtection got is "all"/, () => protection().add('all' as any)],
  ['no reason', /none\(\) of "Files" needs a reason/, () => protection().none('')],
  ['a reason that is missing', /needs a reason/, () => protection().none(undefined as any)],
  [
    'errors as a text',
    /^asErrors of FsxProtection is "yes": give/,
    () => protection().require({ asErrors: 'yes' as any }),
  ],
  [
    'a scratch file system among those to protect',
    'notProtected',
    () => [lustre({ deploymentType: 'SCRATCH_2' }), protection().add()],
  ],
  [
    'a file system that is not guarded',
    'replacedWithoutBackup',
    () => [fileSystem(), protection().require()],
  ],
  [
    'a file system without a final backup',
    'deletedWithoutBackup',
    () => [fileSystem(), protection().require()],
  ],
  [
    'a file system with two final backups',
    'finalBackupTwice',
    () => {
      const of = { source: BackupSource.of(fileSystem()) };
      for (const id of ['One', 'Two']) new FsxFinalBackup(stack, id, of);
      protection().require();
    },
  ],
];

const ROWS = [
  ...SOURCES,
  ...MOMENTS,
  ...POLICIES,
  ...OPTIONS,
  ...PROVIDERS,
  ...PIPELINES,
  ...RESTORES,
  ...PROTECTION,
];

/** What the app draws when it is synthesized: the text of the error, or the warnings. */
function drawnBy(make: () => unknown): string {
  try {
    make();
    app.synth();
  } catch (error) {
    return (error as Error).message.replace(/^Validation failed[^]*?\] /, '');
  }
  return app.node
    .findAll()
    .filter((each): each is Stack => Stack.isStack(each) && each.nestedStackParent === undefined)
    .flatMap((each) => Annotations.fromStack(each).findWarning('*', Match.anyValue()))
    .map(({ entry }) => String(entry.data))
    .join('\n');
}

test.each(ROWS)('%s is said (%s)', (_, draws, make) => {
  const drawn = drawnBy(make);
  if (typeof draws === 'string') expect(drawn).toContain(`[ack: cdk-fsx-backup:${draws}]`);
  else expect(drawn).toMatch(draws);
  expect(drawn).not.toMatch(/(^|[^\w{])_\w+|is not a function|not iterable|Cannot read/);
});

test('the table has the mistakes of all kinds', () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(45);
  const named = ROWS.flatMap(([what]) => /^([CD]\d+):/.exec(what)?.[1] ?? []);
  expect([...new Set(named)].sort()).toEqual(['C4', 'C5', 'D11', 'D3', 'D5', 'D6', 'D8', 'D9']);
});

const SRC = join(__dirname, '../src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const sourceOf = (file: string) => readFileSync(join(SRC, file), 'utf8');

test('the table has each warning', () => {
  const context = ['deployment']; // a key of the context
  const ids = files.flatMap((file) =>
    [...sourceOf(file).matchAll(/'cdk-fsx-backup:(\w+)'/g)].map(([, id]) => id),
  );
  const drawn = new Set(ROWS.map(([, draws]) => draws));
  expect(ids.length).toBeGreaterThanOrEqual(12);
  expect(ids.filter((id) => !drawn.has(id) && !context.includes(id))).toEqual([]);
});

/** Right uses, most of which were refused once. */
test.each<[string, () => unknown]>([
  [
    'D1: the ARN of a guard in a resource',
    () => {
      const { backupArn } = FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem());
      new ssm.CfnParameter(stack, 'Arn', { type: 'String', value: backupArn });
    },
  ],
  [
    'D2: tags of the stack',
    () => new FsxBackup(new Stack(app, 'Tagged', { tags: { CostCenter: '4711' } }), 'Backup', { source }),
  ],
  [
    'D3: the dummy of a look-up',
    () => backup({ source: BackupSource.fromFileSystemId('dummy-value-for-/files/id') }),
  ],
  [
    'D4: a conditional file system',
    () => {
      const made = fileSystem();
      made.cfnOptions.condition = new cdk.CfnCondition(stack, 'Condition');
      backup({ source: BackupSource.of(made) });
    },
  ],
  [
    'D7: a long value',
    () =>
      FsxBackup.beforeChangeOf(stack, 'Before', parameter('Service'), {
        source,
        triggers: [BackupTrigger.onValue('a'.repeat(140_000))],
      }),
  ],
  [
    'D8: an aspect that retains everything, and a final backup',
    () => [final(), RemovalPolicies.of(stack).retain()],
  ],
  [
    'D10: a path of long characters',
    () => new FsxBackup(new Construct(stack, '𠮷'.repeat(129)), 'Backup', { source }),
  ],
  [
    'a file system that can be restored, and its guard',
    () => {
      const made = fileSystem({ backupId: RestorePoint.parameter(stack, 'RestoreFrom').backupId });
      FsxBackup.beforeChangeOf(stack, 'Guard', made);
    },
  ],
  ['a step that may be skipped', () => step({ whenMissing: WhenMissing.SKIP })],
  [
    'a guard in a nested stack',
    () => {
      const inner = new NestedStack(stack, 'Inner');
      FsxBackup.beforeChangeOf(inner, 'Guard', fileSystem({}, inner));
    },
  ],
])('%s passes', (_, make) => {
  expect(drawnBy(make)).toBe('');
});

describe('what a text names', () => {
  /** All texts with a blank in them, as they stand in the sources. */
  const textsIn = (file: string): string[] => {
    const texts: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node)) return;
      if (
        ts.isStringLiteralLike(node) ||
        ts.isTemplateHead(node) ||
        ts.isTemplateMiddleOrTemplateTail(node)
      ) {
        texts.push(node.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, sourceOf(file), ts.ScriptTarget.Latest, true));
    return texts.filter((text) => text.trim().includes(' '));
  };
  const texts = files.flatMap(textsIn);
  const exported: Record<string, any> = library;

  test('is exported', () => {
    const names = texts.flatMap((text) => text.match(/\b(Fsx|Backup)[A-Z]\w*/g) ?? []);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !(name in exported))).toEqual([]);
  });

  test('has that member', () => {
    const uses = texts.flatMap((text) => [...text.matchAll(/\b([A-Z]\w+)\.([A-Za-z_]\w*)/g)]);
    const known: Record<string, any> = { ...cdk, ...exported };
    const modules = ['Role', 'Vpc', 'SecurityGroup', 'LogGroup', 'Key', 'Amazon'];
    expect(uses.length).toBeGreaterThan(20);
    expect(
      uses
        .filter(([, name]) => !modules.includes(name))
        .filter(([, name, member]) => !(member in Object(known[name])))
        .map(([use]) => use),
    ).toEqual([]);
  });

  test('has that method, of a backup', () => {
    const methods = texts.flatMap((text) => [...text.matchAll(/\bbackup\.(\w+)/g)].map(([, name]) => name));
    expect(methods).toContain('applyRemovalPolicy');
    expect(methods.filter((name) => !(name in FsxBackup.prototype))).toEqual([]);
  });
});
