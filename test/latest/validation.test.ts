import { App, CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import { BackupSource, FsxBackup, FsxBackupProvider } from '../../src';

/*
 * The template validation that newer versions of aws-cdk-lib run at synthesis, with its findings turned into
 * errors.
 */

let stack: Stack;
const validation = process.env.CDK_VALIDATION;
beforeEach(() => {
  delete process.env.CDK_VALIDATION;
  stack = new Stack(new App({ context: { '@aws-cdk/core:validateAgainstDefaultRules': true } }), 'Files');
});
afterEach(() => {
  if (validation !== undefined) process.env.CDK_VALIDATION = validation;
  jest.restoreAllMocks();
});

const synthesize = () => {
  const printed: string[] = [];
  jest.spyOn(console, 'error').mockImplementation((...text) => void printed.push(text.join(' ')));
  (stack.node.root as App).synth();
  return printed.join('\n');
};

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');

test('finds nothing in a stack with a backup', () => {
  new FsxBackup(stack, 'Backup', { source });
  expect(synthesize()).toBe('');
});

test('finds nothing in a stack with everything', () => {
  const provider = new FsxBackupProvider(stack, 'Provider', {
    vpc: new ec2.Vpc(stack, 'Vpc'),
    encryptionKey: new kms.Key(stack, 'Key'),
  });
  new FsxBackup(stack, 'Backup', { source, provider, removalPolicy: RemovalPolicy.DESTROY });
  expect(synthesize()).toBe('');
});

test('would find something', () => {
  new CfnResource(stack, 'Wrong', {
    type: 'AWS::FSx::FileSystem',
    properties: { FileSystemType: 'WINDOWS' },
  });
  expect(synthesize).toThrow(/SubnetIds/);
});
