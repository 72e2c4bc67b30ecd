import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  App,
  aws_ec2 as ec2,
  aws_ecs as ecs,
  aws_fsx as fsx,
  aws_kms as kms,
  aws_ssm as ssm,
  CfnCondition,
  CfnMapping,
  CfnOutput,
  CfnParameter,
  Fn,
  NestedStack,
  Stack,
} from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import { FsxBackup } from '../../src';
import { fileSystemOf, finishedAt, sourceOf, start, temporary, theOnly, type World } from '../fixtures';

/*
 * A guard sees what a deployment is going to change, also where the template of what it guards stays the
 * same: values that CloudFormation knows only when it deploys.
 */

/** An app, with one value that changes from one deployment to the next. */
interface Form {
  readonly define: (stack: Stack, value: string) => void;
  readonly parameters?: (value: string) => Record<string, string>;
  readonly before?: (world: World, value: string) => void;
  /** The logical id of what changes. Default: Fs. */
  readonly changes?: string | RegExp;
  /** The backups of the first deployment. Default: 0, since there is nothing yet. */
  readonly first?: number;
  /** How many are taken when the first app comes back after a rollback. Default: 0. */
  readonly back?: number;
}

/** A file system and its guard. */
function guarded(scope: Construct, properties: Partial<fsx.CfnFileSystemProps> = {}, id = 'Fs') {
  const fileSystem = fileSystemOf(scope, id, { kind: 'LUSTRE' });
  fileSystem.overrideLogicalId(id);
  Object.assign(fileSystem, properties);
  FsxBackup.beforeChangeOf(Stack.of(scope), `${id}Guard`, fileSystem);
  return fileSystem;
}

const VPC = 'vpc-0123456789abcdef0';
const group = (scope: Construct, groupDescription: string, id = 'Clients') =>
  new ec2.CfnSecurityGroup(scope, id, { groupDescription, vpcId: VPC });
const groupId = (value: string) => `sg-0123456789abcdef${value === 'one' ? '1' : '2'}`;
const parameter = (scope: Construct, value: string, id = 'Service') =>
  new ssm.CfnParameter(scope, id, { type: 'String', value });

const REPLACED: Record<string, Form> = {
  'a security group': {
    define: (stack, value) => void guarded(stack, { securityGroupIds: [group(stack, value).attrGroupId] }),
  },
  'a subnet': {
    define: (stack, value) => {
      const cidrBlock = value === 'one' ? '10.0.1.0/24' : '10.0.2.0/24';
      guarded(stack, { subnetIds: [new ec2.CfnSubnet(stack, 'Subnet', { vpcId: VPC, cidrBlock }).ref] });
    },
  },
  'a key': {
    define: (stack, value) => {
      const primaryKeyArn = `arn:aws:kms:us-east-1:123456789012:key/mrk-${value}`;
      const key = new kms.CfnReplicaKey(stack, 'Key', { primaryKeyArn, keyPolicy: {} });
      guarded(stack, { kmsKeyId: key.attrArn });
    },
  },
  'a parameter of the template': {
    define: (stack) =>
      void guarded(stack, { securityGroupIds: [new CfnParameter(stack, 'Group').valueAsString] }),
    parameters: (value) => ({ Group: groupId(value) }),
  },
  'a parameter that is a list': {
    define: (stack) => {
      const groups = new CfnParameter(stack, 'Groups', { type: 'List<AWS::EC2::SecurityGroup::Id>' });
      guarded(stack, { securityGroupIds: groups.valueAsList });
    },
    parameters: (value) => ({ Groups: `${groupId('one')},${groupId(value)}` }),
  },
  'a parameter of Systems Manager': {
    define: (stack) => {
      const id = ssm.StringParameter.valueForStringParameter(stack, '/network/group');
      guarded(stack, { securityGroupIds: [id] });
    },
    before: (world, value) => void world.cloudFormation.ssm.set('/network/group', groupId(value)),
  },
  'an output of another stack, named weakly': {
    define: (stack, value) => {
      const network = new Stack(stack.node.root, 'Network');
      new CfnOutput(network, 'Group', { value: group(network, value).attrGroupId });
      stack.addDependency(network);
      guarded(stack).addPropertyOverride('SecurityGroupIds', [
        { 'Fn::GetStackOutput': { StackName: 'Network', OutputName: 'Group' } },
      ]);
    },
    back: 1, // the other stack was not rolled back, and replaces its group once more
  },
  'what a nested stack is given': {
    define: (stack, value) => {
      const { attrGroupId } = group(stack, value);
      guarded(new NestedStack(stack, 'Inner'), { securityGroupIds: [attrGroupId] });
    },
  },
  'what a nested stack is given by another': {
    define: (stack, value) => {
      const { attrGroupId } = group(new NestedStack(stack, 'Network'), value);
      guarded(new NestedStack(stack, 'Inner'), { securityGroupIds: [attrGroupId] });
    },
  },
  'the file system under an ONTAP volume': {
    define: (stack, value) => {
      sourceOf(stack, 'ONTAP', 'Ontap');
      (stack.node.findChild('Ontap') as fsx.CfnFileSystem).kmsKeyId = `arn:aws:kms:us-east-1:1:key/${value}`;
      FsxBackup.beforeChangeOf(stack, 'Guard', stack.node.findChild('OntapVolume'));
    },
    changes: 'OntapVolume',
  },
  'a value of Fn::If': {
    define: (stack) => {
      firstCondition(stack);
      const id = Fn.conditionIf('IsFirst', groupId('one'), groupId('two')).toString();
      guarded(stack, { securityGroupIds: [id] });
    },
    parameters: (value) => ({ Which: value }),
  },
  'a value of Fn::If whose other branch is a resource that is not there': {
    define: (stack) => {
      const condition = firstCondition(stack);
      const clients = group(stack, 'the only ones');
      clients.cfnOptions.condition = condition;
      const id = Fn.conditionIf('IsFirst', clients.attrGroupId, groupId('two')).toString();
      guarded(stack, { securityGroupIds: [id] });
    },
    parameters: (value) => ({ Which: value }),
  },
  'a value of Fn::FindInMap': {
    define: (stack, value) => {
      new CfnMapping(stack, 'Groups', { mapping: { main: { id: groupId(value) } } });
      guarded(stack, { securityGroupIds: [Fn.findInMap('Groups', 'main', 'id')] });
    },
  },
  'a text of Fn::Sub': {
    define: (stack) => {
      new CfnParameter(stack, 'Key');
      guarded(stack, { kmsKeyId: Fn.sub('arn:${AWS::Partition}:kms:us-east-1:123456789012:key/${Key}') });
    },
    parameters: (value) => ({ Key: value }),
  },
  'a template that is included': {
    define: (stack, value) => {
      const templateFile = join(temporary(), 'template.json');
      writeFileSync(templateFile, JSON.stringify(included(value)));
      const include = new CfnInclude(stack, 'Include', { templateFile });
      FsxBackup.beforeChangeOf(stack, 'Guard', include.getResource('Fs'));
    },
  },
};

function firstCondition(stack: Stack): CfnCondition {
  const which = new CfnParameter(stack, 'Which').valueAsString;
  return new CfnCondition(stack, 'IsFirst', { expression: Fn.conditionEquals(which, 'one') });
}

function included(description: string): object {
  return {
    Resources: {
      Clients: {
        Type: 'AWS::EC2::SecurityGroup',
        Properties: { GroupDescription: description, VpcId: VPC },
      },
      Fs: {
        Type: 'AWS::FSx::FileSystem',
        Properties: {
          FileSystemType: 'LUSTRE',
          StorageCapacity: 1200,
          SubnetIds: ['subnet-0123456789abcdef0'],
          SecurityGroupIds: [{ 'Fn::GetAtt': 'Clients.GroupId' }],
          LustreConfiguration: { DeploymentType: 'PERSISTENT_2', PerUnitStorageThroughput: 125 },
        },
      },
    },
  };
}

/** A backup before a service. */
function beforeService(stack: Stack, service: Construct): void {
  FsxBackup.beforeChangeOf(stack, 'PreUpgrade', service, { source: sourceOf(stack, 'OPENZFS') });
}

const IMAGE = '/images/wiki';
const SERVICES: Record<string, Form> = {
  'a parameter of Systems Manager': {
    define: (stack) => {
      const image = ssm.StringParameter.valueForStringParameter(stack, IMAGE);
      beforeService(stack, parameter(stack, image));
    },
    before: (world, value) => void world.cloudFormation.ssm.set(IMAGE, value),
    changes: 'Service',
    first: 1,
  },
  'the latest image, in a task definition that is defined elsewhere': {
    define: (stack) => {
      const image = ssm.StringParameter.valueForStringParameter(stack, IMAGE);
      const task = new ecs.CfnTaskDefinition(stack, 'Task', {
        containerDefinitions: [{ name: 'wiki', image }],
      });
      beforeService(stack, new ecs.CfnService(stack, 'Service', { taskDefinition: task.ref }));
    },
    before: (world, value) => void world.cloudFormation.ssm.set(IMAGE, value),
    changes: 'Service',
    first: 1,
  },
};

const deploy = async (world: World, { define, parameters, before }: Form, value: string) => {
  before?.(world, value);
  const app = new App({ outdir: temporary(), analyticsReporting: false });
  define(new Stack(app, 'Files'), value);
  return (await world.deploy(app.synth().directory, { parameters: parameters?.(value) })).Files;
};

describe.each<[string, 'create' | 'update', Record<string, Form>]>([
  ['before a file system is replaced, since this changes', 'create', REPLACED],
  ['before a service is upgraded, since this changes', 'update', SERVICES],
])('%s:', (_, on, forms) => {
  test.each(Object.entries(forms))('%s; once more takes nothing', async (__, form) => {
    const { changes = 'Fs', first = 0 } = form;
    const world = await start();
    expect((await deploy(world, form, 'one')).status).toBe('CREATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(first);

    expect((await deploy(world, form, 'two')).status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(first + 1);
    const begins = world.events(String(changes), 'UPDATE_IN_PROGRESS');
    expect(begins[0].at).toBeGreaterThanOrEqual(finishedAt(world.newest));

    // the same once more
    const calls = world.calls('fsx:CreateBackup');
    await deploy(world, form, 'two');
    expect(world.calls('fsx:CreateBackup')).toBe(calls);
  });

  test.each(Object.entries(forms))('%s; a rollback takes nothing', async (__, form) => {
    const { changes = 'Fs', first = 0, back = 0 } = form;
    const world = await start();
    await deploy(world, form, 'one');
    world.cloudFormation.failures.fail({ target: String(changes), on });
    expect((await deploy(world, form, 'two')).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.ownBackups).toHaveLength(first + 1);

    // what was deployed before, again
    const calls = world.calls('fsx:CreateBackup');
    await deploy(world, form, 'one');
    expect(world.calls('fsx:CreateBackup')).toBe(calls + back);
  });
});

/** Nothing that is guarded changes. */
const UNCHANGED: Record<string, Form> = {
  'a tag of a security group': {
    define: (stack, value) => {
      const clients = group(stack, 'the same');
      clients.tags.setTag('team', value);
      guarded(stack, { securityGroupIds: [clients.attrGroupId] });
    },
  },
  'a parameter that nothing guarded uses': {
    define: (stack) => {
      parameter(stack, new CfnParameter(stack, 'Other').valueAsString, 'Bystander');
      guarded(stack);
    },
    parameters: (value) => ({ Other: value }),
  },
  'a value in a branch that is not taken': {
    define: (stack) => {
      const other = new CfnParameter(stack, 'Other').valueAsString;
      parameter(stack, other, 'Bystander');
      firstCondition(stack);
      guarded(stack, {
        securityGroupIds: [Fn.conditionIf('IsFirst', groupId('one'), other).toString()],
      });
    },
    parameters: (value) => ({ Which: 'one', Other: groupId(value) }),
  },
  'a text in a branch that is not taken': {
    define: (stack, value) => {
      parameter(stack, value, 'Bystander');
      firstCondition(stack);
      const id = Fn.conditionIf('IsFirst', groupId('one'), groupId(value)).toString();
      guarded(stack, { securityGroupIds: [id] });
    },
    parameters: () => ({ Which: 'one' }),
  },
  'what gives the same value': {
    define: (stack, value) => {
      const [one, two] = ['One', 'Two'].map((id) => new CfnParameter(stack, id, { default: groupId('one') }));
      parameter(stack, value, 'Bystander');
      guarded(stack, { securityGroupIds: [(value === 'one' ? one : two).valueAsString] });
    },
  },
  'what a guarded resource refers to, and what waits for the guard': {
    define: (stack, value) => {
      const fileSystem = guarded(stack);
      parameter(stack, `${value} ${fileSystem.ref}`, 'Mount');
    },
  },
};

test.each(Object.entries(UNCHANGED))('no backup is taken when this changes: %s', async (_, form) => {
  const world = await start();
  await deploy(world, form, 'one');
  expect((await deploy(world, form, 'two')).status).toBe('UPDATE_COMPLETE');
  expect(world.ownBackups).toEqual([]);
});

test('a condition that removes the guarded file system: it is backed up before', async () => {
  const form: Form = {
    define: (stack) => {
      const fileSystem = guarded(stack);
      fileSystem.cfnOptions.condition = firstCondition(stack);
      parameter(stack, 'x', 'Bystander');
    },
    parameters: (value) => ({ Which: value }),
  };
  const world = await start();
  await deploy(world, form, 'one');
  const id = world.physicalIdOf('Fs');
  expect((await deploy(world, form, 'two')).status).toBe('UPDATE_COMPLETE');
  expect(world.physicalIdOf('Fs')).toBeUndefined();
  const backup = theOnly(world.ownBackups);
  expect(backup.source.fileSystemId).toBe(id);
  expect(world.timeOf('Fs', 'DELETE_IN_PROGRESS')).toBeGreaterThanOrEqual(finishedAt(backup));
  await deploy(world, form, 'two');
  expect(world.ownBackups).toHaveLength(1);
});

test('guards of which each guards what the other refers to: one backup each, and no circle', async () => {
  const form: Form = {
    define: (stack, value) => {
      const clients = group(stack, value);
      const [first, second] = ['First', 'Second'].map((id) => fileSystemOf(stack, id, { kind: 'LUSTRE' }));
      first.securityGroupIds = [clients.attrGroupId];
      second.tags.setTag('beside', first.ref);
      const service = parameter(stack, second.ref);
      FsxBackup.beforeChangeOf(stack, 'FirstGuard', first, { executeBefore: [second] });
      FsxBackup.beforeChangeOf(stack, 'SecondGuard', second, { executeBefore: [service] });
    },
  };
  const world = await start();
  expect((await deploy(world, form, 'one')).status).toBe('CREATE_COMPLETE');
  expect(world.ownBackups).toEqual([]);
  // the second file system refers to the first, which waits for a backup: its text counts, and is the same
  expect((await deploy(world, form, 'two')).status).toBe('UPDATE_COMPLETE');
  const finished = world.ownBackups.map((backup) => finishedAt(backup));
  expect(finished).toHaveLength(2);
  for (const id of ['First', 'Second']) {
    expect(world.events(id, 'UPDATE_IN_PROGRESS')[0].at).toBeGreaterThanOrEqual(Math.max(...finished));
  }
});
