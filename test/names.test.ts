import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupSource, FsxBackup, FsxBackupProvider } from '../src';
import * as contract from '../src/private/contract';

/*
 * Names that stacks, backups and packages in the field carry. A change of any of them is a breaking change
 * that no version number makes good: CloudFormation would replace resources, backups would no longer be
 * recognised, imports would break.
 */

test('the resource types and the version of their properties', () => {
  expect(contract.RESOURCE_TYPE).toBe('Custom::FsxBackup');
  expect(contract.CONTINUATION_TYPE).toBe('Custom::FsxBackupContinuation');
  expect(contract.FINAL_RESOURCE_TYPE).toBe('Custom::FsxFinalBackup');
  expect(contract.SCHEMA_VERSION).toBe('1');
});

test('the tags of a backup', () => {
  expect(contract.TAG_PREFIX).toBe('cdk-fsx-backup:');
  expect(contract.TAG).toEqual({
    stackId: 'cdk-fsx-backup:stack-id',
    logicalId: 'cdk-fsx-backup:logical-id',
    generation: 'cdk-fsx-backup:generation',
    previous: 'cdk-fsx-backup:previous',
    removal: 'cdk-fsx-backup:removal',
    hold: 'cdk-fsx-backup:hold',
  });
});

test('the logical ids', () => {
  const stack = new Stack(new App(), 'Files');
  const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
  new FsxBackup(stack, 'Backup', { source, removalPolicy: RemovalPolicy.DESTROY });
  const provider = new FsxBackupProvider(stack, 'Provider');
  new FsxBackup(stack, 'Own', { source, provider, timeout: Duration.hours(2) });
  expect(provider.stateMachine).toBeDefined();
  expect(Object.keys(Template.fromStack(stack).toJSON().Resources).sort()).toEqual([
    'BackupDA3807AC',
    'FsxBackupDefaultProviderDeletionPolicyE975801D',
    'FsxBackupDefaultProviderFunction0345ECE6',
    'FsxBackupDefaultProviderLogGroupE01DC873',
    'FsxBackupDefaultProviderPolicy4E3A0A1B',
    'FsxBackupDefaultProviderRequestsCC794CF4',
    'FsxBackupDefaultProviderRole8F0BC2BC',
    'FsxBackupDefaultProviderStateMachineRole0AEEA9E2',
    'Own30425842',
    'OwnContinuation1D20BCB66',
    'OwnContinuationDFC17EEF',
    'ProviderFunction30350776',
    'ProviderLogGroupFD264F08',
    'ProviderPolicy73D9A088',
    'ProviderRequests8BB3356B',
    'ProviderRole1DE8EC3B',
    'ProviderRuns1BAD56C5',
    'ProviderStateMachineRoleDC245D5A',
  ]);
});

/*
 * A registry never gives a name back, and everybody who uses the library writes it into their code. npm,
 * PyPI, the Maven artifact and the repositories: the name of the project. Python's module: what pip's users
 * expect of that name. Maven Central gives the group io.github.<organization> to the owner of the
 * organization. Java and Go allow no hyphen in a package. NuGet: the id is the namespace, as with
 * Amazon.CDK.Lib's own. Go: a repository of its own, since tags of this one are no Go versions.
 */
test('the packages', () => {
  const { name, jsii, repository } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
  expect(name).toBe('cdk-fsx-backup');
  expect(jsii.targets).toEqual({
    python: { distName: 'cdk-fsx-backup', module: 'cdk_fsx_backup' },
    java: {
      package: 'io.github.cdkfsxbackup',
      maven: { groupId: 'io.github.cdk-fsx-backup', artifactId: 'cdk-fsx-backup' },
    },
    dotnet: { packageId: 'CdkFsxBackup', namespace: 'CdkFsxBackup' },
    go: { moduleName: 'github.com/cdk-fsx-backup/cdk-fsx-backup-go', packageName: 'cdkfsxbackup' },
  });
  // the owner of io.github.cdk-fsx-backup, and of the Go repository
  expect(repository.url).toBe('https://github.com/cdk-fsx-backup/cdk-fsx-backup.git');
});

test('the examples name these packages', () => {
  const example = (path: string) => readFileSync(join(__dirname, '..', 'examples', path), 'utf8');
  expect(example('python/requirements.txt')).toMatch(/^cdk-fsx-backup$/m);
  expect(example('java/quick-start/pom.xml')).toMatch(
    /<groupId>io.github.cdk-fsx-backup<\/groupId>\s*<artifactId>cdk-fsx-backup</,
  );
  expect(example('go/quick-start/go.mod')).toMatch(
    /^\tgithub.com\/cdk-fsx-backup\/cdk-fsx-backup-go\/cdkfsxbackup v/m,
  );
  expect(example('csharp/quick-start/QuickStart.csproj')).toMatch(/<PackageReference Include="CdkFsxBackup"/);
});
