import { Construct, IConstruct } from 'constructs';
import { shown } from './copies';
import type { FsxBackupFailureOptions, FsxBackupProviderProps } from '../fsx-backup-provider-props';

/*
 * What is given by those who write no TypeScript, or get a value from somewhere: refused with the name of the
 * option and with what to give, before anything is done with it.
 */

function refuse(what: string, value: unknown, example: string): never {
  throw new Error(`${what} is ${shown(value)}: give ${example}`);
}

/** @throws if there are no properties */
export function checkProps(what: string, props: unknown): void {
  if (typeof props !== 'object' || props === null) {
    refuse(`what ${what} got`, props, 'an object of properties');
  }
}

/** @throws if an option is given, and is no list */
export function checkList<T>(what: string, values: readonly T[] | undefined): readonly T[] {
  if (values === undefined || values === null) return [];
  return Array.isArray(values) ? values : refuse(what, values, 'a list');
}

/** @throws if one of them is no construct */
export function checkConstructs(what: string, scopes: readonly IConstruct[]): void {
  for (const scope of scopes) {
    if (!Construct.isConstruct(scope)) refuse(what, scope, 'a construct, such as a service or a stack');
  }
}

/** @throws if an option is given, and is neither true nor false */
export function checkFlag(what: string, value: unknown): void {
  if (value !== undefined && value !== null && typeof value !== 'boolean') {
    refuse(what, value, 'true or false');
  }
}

/** @throws if an option is given, and is no text */
export function checkText(what: string, value: unknown): void {
  if (value !== undefined && value !== null && typeof value !== 'string') refuse(what, value, 'a text');
}

/** @throws if an option is given, and is no object that has this member */
export function checkMember(what: string, value: unknown, member: string, example: string): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || !(member in value)) refuse(what, value, example);
}

export function checkRole(what: string, role: unknown): void {
  checkMember(`the role of ${what}`, role, 'roleArn', 'an IRole, such as iam.Role.fromRoleArn gives');
}

export function checkTarget(options: FsxBackupFailureOptions): void {
  checkProps('onFailed', options);
  const example = 'an IRuleTarget, such as new targets.SnsTopic(topic)';
  if (!options.target) throw new Error(`onFailed needs a target: ${example}`);
  checkMember('the target of onFailed', options.target, 'bind', example);
}

export function checkProviderProps(what: string, props: FsxBackupProviderProps): void {
  checkProps(what, props);
  const { role, vpc, vpcSubnets, securityGroups, logGroup, encryptionKey } = props;
  checkRole(what, role);
  checkMember(`the vpc of ${what}`, vpc, 'vpcId', 'an IVpc, such as ec2.Vpc.fromLookup gives');
  if (vpcSubnets !== undefined) checkProps(`vpcSubnets of ${what}`, vpcSubnets);
  for (const group of checkList(`securityGroups of ${what}`, securityGroups)) {
    const example = 'an ISecurityGroup, such as ec2.SecurityGroup.fromSecurityGroupId gives';
    checkMember(`a security group of ${what}`, group, 'securityGroupId', example);
  }
  const logs = 'an ILogGroup, such as logs.LogGroup.fromLogGroupName gives';
  checkMember(`the logGroup of ${what}`, logGroup, 'logGroupArn', logs);
  checkMember(
    `the encryptionKey of ${what}`,
    encryptionKey,
    'keyArn',
    'an IKey, such as kms.Key.fromKeyArn gives',
  );
}
