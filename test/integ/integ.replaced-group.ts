import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { FsxBackup } from '../../src';

/*
 * The second deployment replaces the security group that the file system refers to, and so the file system,
 * whose own text stays the same. The backup is of the file system that goes.
 */
const stack = liveStack('replaced-group');
const fileSystem = openZfsIn(stack);
const vpc = stack.node.findChild('Vpc') as ec2.Vpc;
const clients = new ec2.CfnSecurityGroup(stack, 'Clients', {
  groupDescription: `clients of the ${DEPLOYMENT} deployment`,
  vpcId: vpc.vpcId,
});
fileSystem.securityGroupIds = [clients.attrGroupId];
FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem);
expectOf(stack, { left: 1 });
