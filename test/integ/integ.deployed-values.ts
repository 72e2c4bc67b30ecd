import { CfnMapping, Fn, NestedStack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { DEPLOYMENT, expectOf, liveStack, openZfsIn } from './live-app';
import { BackupSource, FsxBackup } from '../../src';

/*
 * Three services whose own text stays the same. The second deployment gives each of them another value: the
 * id of a security group that it replaces, the same from a nested stack, and the value of a mapping.
 */
const stack = liveStack('deployed-values');
const fileSystem = openZfsIn(stack);
const source = BackupSource.of(fileSystem);
const { vpcId } = stack.node.findChild('Vpc') as ec2.Vpc;
const replacedGroup = (scope: Construct) =>
  new ec2.CfnSecurityGroup(scope, 'Group', { vpcId, groupDescription: `of the ${DEPLOYMENT} deployment` });
const mapping = new CfnMapping(stack, 'Versions', { mapping: { wiki: { version: DEPLOYMENT } } });

const values = {
  Group: replacedGroup(stack).attrGroupId,
  NestedGroup: replacedGroup(new NestedStack(stack, 'Nested')).attrGroupId,
  Mapping: Fn.sub('wiki ${version}', { version: mapping.findInMap('wiki', 'version') }),
};
for (const [id, value] of Object.entries(values)) {
  const service = new ssm.CfnParameter(stack, `ServiceOf${id}`, { type: 'String', value });
  FsxBackup.beforeChangeOf(stack, `Before${id}`, service, { source });
}
expectOf(stack, { sourceId: fileSystem.ref, backups: Array(6).fill({}), left: 6 });
