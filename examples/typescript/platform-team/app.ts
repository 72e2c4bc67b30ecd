import { App, Stack, Stage } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { BackupSource, FsxBackup, FsxProtection } from 'cdk-fsx-backup';
import { Construct } from 'constructs';

/**
 * The app of a platform team. Three teams have a stack each, and one line at the end gives their file systems
 * and volumes a backup before each change, and a final one.
 *
 *   npx cdk deploy 'Prod/*'                        the wiki's own first backup; the others have nothing yet
 *   npx cdk deploy 'Prod/*' -c version=2           upgrades the wiki: its own backup before
 *   npx cdk deploy 'Prod/*' -c throughput=128      changes the wiki's file system: a backup before
 *   npx cdk deploy 'Prod/*' -c key=arn:aws:kms:…   replaces the office's file system: a backup before, and a
 *                                                  final one of the old file system
 *   npx cdk destroy 'Prod/*'                       a final backup of each, but not of the scratch space
 *
 * A replaced file system is empty. The example `replace-and-keep-data` brings its data along.
 */
class Wiki extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const fileSystem = new fsx.CfnFileSystem(this, 'FileSystem', {
      fileSystemType: 'OPENZFS',
      storageCapacity: 256,
      subnetIds: ['subnet-0123456789abcdef0'],
      openZfsConfiguration: {
        deploymentType: 'SINGLE_AZ_1',
        throughputCapacity: Number(this.node.tryGetContext('throughput') ?? 64),
      },
    });
    const release = new ssm.StringParameter(this, 'Release', {
      stringValue: this.node.tryGetContext('version') ?? '1',
    });
    // An upgrade leaves the file system itself as it is, so this one is the team's own.
    FsxBackup.beforeChangeOf(this, 'BeforeUpgrade', release, {
      source: BackupSource.of(fileSystem),
      keepLast: 2,
    });
  }
}

class Office extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const fileSystem = new fsx.CfnFileSystem(this, 'FileSystem', {
      fileSystemType: 'WINDOWS',
      storageCapacity: 300,
      subnetIds: ['subnet-0123456789abcdef0'],
      windowsConfiguration: { throughputCapacity: 32, activeDirectoryId: 'd-1234abcd12' },
      kmsKeyId: this.node.tryGetContext('key'),
    });
    new ssm.StringParameter(this, 'Address', { stringValue: fileSystem.attrDnsName });
  }
}

class Research extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const fileSystem = new fsx.CfnFileSystem(this, 'FileSystem', {
      fileSystemType: 'ONTAP',
      storageCapacity: 1024,
      subnetIds: ['subnet-0123456789abcdef0'],
      ontapConfiguration: { deploymentType: 'SINGLE_AZ_1', throughputCapacity: 128 },
    });
    const svm = new fsx.CfnStorageVirtualMachine(this, 'Svm', { fileSystemId: fileSystem.ref, name: 'svm' });
    new fsx.CfnVolume(this, 'Results', {
      name: 'results',
      volumeType: 'ONTAP',
      ontapConfiguration: {
        storageVirtualMachineId: svm.ref,
        sizeInMegabytes: '102400',
        junctionPath: '/results',
        storageEfficiencyEnabled: 'true',
      },
    });
    const scratch = new fsx.CfnFileSystem(this, 'Scratch', {
      fileSystemType: 'LUSTRE',
      storageCapacity: 1200,
      subnetIds: ['subnet-0123456789abcdef0'],
      lustreConfiguration: { deploymentType: 'SCRATCH_2' },
    });
    FsxProtection.of(scratch).none('what it holds can be computed again');
  }
}

const app = new App();
const prod = new Stage(app, 'Prod');
new Wiki(prod, 'Wiki');
new Office(prod, 'Office');
new Research(prod, 'Research');

// The stage is defined before this: CDK synthesizes each stage by itself.
FsxProtection.of(app).add({ keepLast: 5 });
FsxProtection.of(app).require({ asErrors: true }); // nothing is deployed that could be lost
