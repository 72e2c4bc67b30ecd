import { ArnFormat, Aws, Fn, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { TAG, TAG_PREFIX } from './contract';

/*
 * What the function may do: all statements of its policies.
 *
 * CloudFormation updates policies first and cleans up last. So a policy that a rollback or a cleanup needs
 * must not change with the template: it names state machines by the beginning of their names.
 */

/** Begins the names of the stack's state machines that answer CloudFormation. */
export const REQUESTS_PREFIX = `FsxBackup-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}-`;

/** The value of the tag `removal` of backups that may be deleted. */
const DELETABLE = ['DESTROY', 'KEEP_LAST:*'];

const OF_THIS_STACK = { [`aws:ResourceTag/${TAG.stackId}`]: Aws.STACK_ID };
const TAGGED_FOR_THIS_STACK = { [`aws:RequestTag/${TAG.stackId}`]: Aws.STACK_ID };

/** Statements that each provider needs, and that never change. */
export function constantStatements(stack: Stack): iam.PolicyStatement[] {
  const backups = backupArns(stack);
  return [
    // FSx supports no resources here. Of a volume, the handler describes the file system, too.
    allow(['fsx:DescribeBackups', 'fsx:DescribeFileSystems', 'fsx:DescribeVolumes'], ['*']),
    // The tags of a backup that is being created. It must not take over the backup of another stack.
    allow(['fsx:TagResource'], backups, {
      StringEquals: TAGGED_FOR_THIS_STACK,
      StringEqualsIfExists: OF_THIS_STACK,
    }),
    // Tags in place: those of the user.
    allow(['fsx:TagResource', 'fsx:UntagResource'], backups, {
      'StringEquals': OF_THIS_STACK,
      'Null': { 'aws:TagKeys': 'false' },
      'ForAllValues:StringNotLike': { 'aws:TagKeys': [`${TAG_PREFIX}*`] },
    }),
    // And the tag that says whether the backup may be deleted, alone.
    allow(['fsx:TagResource'], backups, {
      'StringEquals': OF_THIS_STACK,
      'Null': { 'aws:TagKeys': 'false' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': [TAG.removal] },
      'StringLike': { [`aws:RequestTag/${TAG.removal}`]: ['RETAIN', ...DELETABLE] },
    }),
    allow(['cloudformation:DescribeStacks', 'cloudformation:DescribeStackResource'], [Aws.STACK_ID]),
    allow(['states:StartExecution'], [statesArn(stack, 'stateMachine', `${REQUESTS_PREFIX}*`)]),
    allow(['states:DescribeExecution'], [statesArn(stack, 'execution', `${REQUESTS_PREFIX}*:*`)]),
  ];
}

/** Backups with this stack's tag, of sources that are added to the statement. */
export function creationStatement(stack: Stack): iam.PolicyStatement {
  return allow(['fsx:CreateBackup'], backupArns(stack), { StringEquals: TAGGED_FOR_THIS_STACK });
}

/** Backups of these sources. The backup itself is another resource, which `creationStatement` allows. */
export function sourceStatement(...arns: string[]): iam.PolicyStatement {
  return allow(['fsx:CreateBackup'], arns);
}

/** The deletion of this stack's backups that may be deleted, unless somebody holds them. */
export function deletionStatement(stack: Stack): iam.PolicyStatement {
  return allow(['fsx:DeleteBackup'], backupArns(stack), {
    StringEquals: OF_THIS_STACK,
    StringLike: { [`aws:ResourceTag/${TAG.removal}`]: DELETABLE },
    Null: { [`aws:ResourceTag/${TAG.hold}`]: 'true' },
  });
}

/** Questions about what other stacks, which are added to the statement, have deployed. */
export function lookupStatement(): iam.PolicyStatement {
  return allow(
    ['DescribeStackResource', 'DescribeStackResources', 'DescribeStacks'].map(
      (name) => `cloudformation:${name}`,
    ),
    [],
  );
}

export function logStatement(logGroupArn: string): iam.PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroupArn]);
}

export function keyStatement(keyArn: string): iam.PolicyStatement {
  return allow(['kms:Decrypt', 'kms:GenerateDataKey'], [keyArn]);
}

export function invocationStatement(functionArn: string): iam.PolicyStatement {
  return allow(['lambda:InvokeFunction'], [functionArn]);
}

/** A volume's ARN names its file system too, and a volume's id does not tell it. */
export function sourceArn(stack: Stack, isVolume: boolean, id: string): string {
  return fsxArn(stack, isVolume ? 'volume/*' : 'file-system', id);
}

export function stackArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${name}/*` });
}

export function statesArn(stack: Stack, resource: string, resourceName: string): string {
  return stack.formatArn({
    service: 'states',
    resource,
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

function backupArns(stack: Stack): string[] {
  return [fsxArn(stack, 'backup', '*')];
}

function fsxArn(stack: Stack, resource: string, resourceName: string): string {
  return stack.formatArn({ service: 'fsx', resource, resourceName });
}

function allow(actions: string[], resources: string[], conditions?: iam.Conditions): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions, resources, conditions });
}
