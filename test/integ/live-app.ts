import { ExpectedResult, IntegTest, Match } from '@aws-cdk/integ-tests-alpha';
import { App, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as fsx from 'aws-cdk-lib/aws-fsx';

/*
 * What the live tests share. An app is deployed twice: as its snapshot has it, and then as it is.
 * docs/live-tests.md
 */

/** integ-runner sets an account for snapshots only. */
export const DEPLOYMENT = process.env.CDK_INTEG_ACCOUNT ? 'first' : 'second';

/** Whose backups and file systems these are, for `after-destroy.ts`. */
export const LIVE_TAG = 'cdk-fsx-backup-live';

export function liveStack(name: string): Stack {
  const stack = new Stack(new App({ treeMetadata: false }), `FsxBackupLive-${name}`);
  Tags.of(stack).add(LIVE_TAG, name);
  return stack;
}

/** A VPC that costs nothing. */
export function vpcIn(stack: Stack, maxAzs = 1): ec2.Vpc {
  return new ec2.Vpc(stack, 'Vpc', {
    maxAzs,
    natGateways: 0,
    restrictDefaultSecurityGroup: false, // its members reach each other, as file systems want
    subnetConfiguration: [{ name: 'Files', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
  });
}

/** The cheapest file system there is. */
export function openZfsIn(
  stack: Stack,
  options: Partial<fsx.CfnFileSystem.OpenZFSConfigurationProperty> = {},
): fsx.CfnFileSystem {
  const fileSystem = new fsx.CfnFileSystem(stack, 'FileSystem', {
    fileSystemType: 'OPENZFS',
    storageCapacity: 64,
    subnetIds: [vpcIn(stack).isolatedSubnets[0].subnetId],
    openZfsConfiguration: {
      deploymentType: 'SINGLE_AZ_1',
      throughputCapacity: 64,
      automaticBackupRetentionDays: 0,
      options: ['DELETE_CHILD_VOLUMES_AND_SNAPSHOTS'],
      ...options,
    },
  });
  fileSystem.applyRemovalPolicy(RemovalPolicy.DESTROY);
  return fileSystem;
}

export interface Expectations {
  /**
   * the id of the file system or volume whose backups are checked; default: none is checked before the stack
   * is destroyed
   */
  sourceId?: string;
  isVolume?: boolean;
  /**
   * what FSx knows about its user-initiated backups after the last deployment; default: one that is AVAILABLE
   */
  backups?: object[];
  /** how many backups the library leaves when the stack is destroyed */
  left: number;
  /** the last deployment is to fail */
  fails?: boolean;
  /** once is enough */
  once?: boolean;
}

/** Say what must be true of a stack after its last deployment, and after its deletion. */
export function expectOf(
  stack: Stack,
  { sourceId, isVolume = false, backups = [{}], left, fails, once }: Expectations,
): IntegTest {
  const name = stack.stackName.replace('FsxBackupLive-', '');
  const test = new IntegTest(stack.node.root, `${stack.stackName}-Test`, {
    testCases: [stack],
    stackUpdateWorkflow: !once,
    cdkCommandOptions: fails ? { deploy: { expectError: true } } : undefined,
    hooks: { postDestroy: [`node ../../node_modules/tsx/dist/cli.mjs after-destroy.ts ${name} ${left}`] },
  });
  if (sourceId) {
    test.assertions
      .awsApiCall('FSx', 'DescribeBackups', {
        Filters: [
          { Name: isVolume ? 'volume-id' : 'file-system-id', Values: [sourceId] },
          { Name: 'backup-type', Values: ['USER_INITIATED'] },
        ],
      })
      .expect(
        ExpectedResult.objectLike({
          Backups: backups.map((expected) => ({
            Lifecycle: 'AVAILABLE',
            Type: 'USER_INITIATED',
            ...expected,
          })),
        }),
      );
  }
  return test;
}

/** Of tags in any order, that these are among them. */
export function tagged(tags: Record<string, string>): object {
  return { Tags: Match.arrayWith(Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))) };
}
