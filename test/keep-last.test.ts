import { App, aws_fsx as fsx, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackup, FsxBackupProps } from '../src';

const FILE_SYSTEM = 'fs-0498eed5fe91001ec';
const { DESTROY, RETAIN, SNAPSHOT } = RemovalPolicy;

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

const deletionPolicies = () =>
  Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter((id) =>
    id.includes('DeletionPolicy'),
  );

test('the number is a property, as text; CloudFormation keeps the backup, and tells of replacements', () => {
  define({ keepLast: 5 });
  expect(customResource()).toMatchObject({
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Delete',
    Properties: { KeepLast: '5', RemovalPolicy: 'RETAIN' },
  });
});

test('without it there is neither the property, nor the policy, nor the permission', () => {
  define();
  expect(customResource().Properties).not.toHaveProperty('KeepLast');
  expect(customResource()).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  expect(deletionPolicies()).toEqual([]);
});

test('the permission to delete is a policy of its own, for tagged backups, and outlives the backup', () => {
  define({ keepLast: 1 });
  const [id] = deletionPolicies();
  expect(deletionPolicies()).toHaveLength(1);
  expect(customResource().DependsOn).toContain(id);
  expect(
    Template.fromStack(stack).findResources('AWS::IAM::Policy')[id].Properties.PolicyDocument.Statement,
  ).toEqual([
    {
      Effect: 'Allow',
      Action: 'fsx:DeleteBackup',
      Resource: expect.anything(),
      Condition: {
        StringEquals: { 'aws:ResourceTag/cdk-fsx-backup:stack-id': { Ref: 'AWS::StackId' } },
        StringLike: { 'aws:ResourceTag/cdk-fsx-backup:removal': ['DESTROY', 'KEEP_LAST:*'] },
        Null: { 'aws:ResourceTag/cdk-fsx-backup:hold': 'true' },
      },
    },
  ]);
});

test('it shares the permission with backups that have DESTROY', () => {
  define({ keepLast: 1 });
  define({ removalPolicy: DESTROY }, 'Another');
  expect(deletionPolicies()).toHaveLength(1);
});

test.each([0, -1, 1.5, NaN, Infinity])('%d is refused', (keepLast) => {
  expect(() => define({ keepLast })).toThrow(
    `keepLast is ${keepLast}: it must be a whole number of at least 1. To keep no backup of a deleted ` +
      'resource, use removalPolicy: RemovalPolicy.DESTROY',
  );
});

test('a token is refused', () => {
  expect(() => define({ keepLast: Token.asNumber({ Ref: 'N' }) })).toThrow(
    /keepLast is only known at deployment: it must be a whole number/,
  );
});

test('1 is the least', () => {
  define({ keepLast: 1 });
  expect(customResource().Properties.KeepLast).toBe('1');
});

describe('a removal policy', () => {
  const message = new RegExp(
    /keepLast of "Files\/Backup" is 3, and its removalPolicy is DESTROY.*use keepLast with /.source +
      /RemovalPolicy\.RETAIN/.source,
  );

  test('DESTROY is refused', () => {
    expect(() => define({ keepLast: 3, removalPolicy: DESTROY })).toThrow(message);
  });

  test('DESTROY is refused later, too, and leaves everything as it was', () => {
    const backup = define({ keepLast: 3 });
    expect(() => backup.applyRemovalPolicy(DESTROY)).toThrow(message);
    expect(customResource()).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Delete',
      Properties: { RemovalPolicy: 'RETAIN' },
    });
  });

  test('RETAIN is what it is anyway', () => {
    define({ keepLast: 3, removalPolicy: RETAIN }).applyRemovalPolicy(RETAIN);
    expect(customResource()).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Delete' });
  });

  test('SNAPSHOT is refused as ever', () => {
    expect(() => define({ keepLast: 3, removalPolicy: SNAPSHOT })).toThrow(/a backup is a snapshot already/);
  });
});

test("a guard of a file system's own changes takes it as well", () => {
  const fileSystem = new fsx.CfnFileSystem(stack, 'Source', {
    fileSystemType: 'OPENZFS',
    subnetIds: ['subnet-1'],
  });
  FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem, { keepLast: 2 });
  expect(customResource()).toMatchObject({
    UpdateReplacePolicy: 'Delete',
    Properties: { KeepLast: '2', DeployedFileSystem: 'Source' },
  });
});
