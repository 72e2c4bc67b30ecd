import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aws_codepipeline as codepipeline, aws_fsx as fsx, Stack } from 'aws-cdk-lib';
import { FIRST, pipelineApp, pipelineIn, SECOND } from './pipeline';
import { asOperator, deploy, held, operators, physicalId, run, stateMachineIn } from './scene';
import type { BackupRecord } from '../../sandbox';
import { BackupSource, FsxBackup } from '../../src';
import { MINUTE, sourceOf, start, World } from '../fixtures';
import { hostileInputs } from '../properties/hostile';

/* What somebody can do who may start executions, or who writes the commit message of a pipeline. */

/**
 * A stack with a backup that is retained, whose provider may delete backups. An operator may start its
 * executions. Another stack has a backup, too.
 */
const engine = () =>
  operators(
    (stack) => sourceOf(stack, 'LUSTRE'),
    undefined,
    (stack, provider) => {
      const source = BackupSource.of(stack.node.findChild('Source') as fsx.CfnFileSystem);
      new FsxBackup(stack, 'Backup', { source, provider });
      provider.allowPruning();
      const others = new Stack(stack.node.root as any, 'Others');
      new FsxBackup(others, 'Backup', { source: sourceOf(others, 'LUSTRE') });
    },
  );

interface Attacked {
  readonly world: World;
  readonly own: BackupRecord;
  readonly theirs: BackupRecord;
  /** what became of a backup: whether it is there, and whether it still has its tags */
  fate(backup: BackupRecord): string;
}

/** An operator starts an execution with each of the hostile inputs. */
async function attack(): Promise<Attacked> {
  const world = await start();
  const stacks = await world.deploy(engine());
  expect(Object.values(stacks).map(({ status }) => status)).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE']);
  const backupOf = (stack: string) => world.fsx.backups.get(held(world, stack)!)!;
  const [own, theirs] = ['Files', 'Others'].map(backupOf);
  const tagsBefore = new Map([own, theirs].map((backup) => [backup, JSON.stringify([...backup.tags])]));
  const identityOf = ({ id, tags }: BackupRecord) => ({
    stackId: tags.get('cdk-fsx-backup:stack-id')!,
    logicalId: tags.get('cdk-fsx-backup:logical-id')!,
    backupId: id,
  });
  const inputs = hostileInputs({
    ...identityOf(own),
    stateMachineArn: stateMachineIn(world),
    url: world.canary.url('/answer'),
    others: { ...identityOf(theirs), fileSystemId: theirs.source.fileSystemId },
  });
  for (const input of inputs) await run(world, input, 10 * MINUTE);
  const fate = (backup: BackupRecord) => {
    const isThere = world.fsx.backups.has(backup.id);
    const isAsItWas = JSON.stringify([...backup.tags]) === tagsBefore.get(backup);
    return `${isThere ? 'there' : 'deleted'}, ${isAsItWas ? 'as it was' : 'retagged'}`;
  };
  return { world, own, theirs, fate };
}

test('B1: no execution of an operator calls an address of the operator', async () => {
  const { world } = await attack();
  const strays = world.journal.of('stray').map(({ method, url }) => `${method} ${url}`);
  expect({ strays: strays.join(', ') }).toEqual({ strays: '' });
});

test('B1: no execution of an operator deletes or retags a backup that the stack retains', async () => {
  const { own, fate } = await attack();
  expect({ retained: fate(own) }).toEqual({ retained: 'there, as it was' });
});

test("B1: no execution of an operator touches another stack's backup", async () => {
  const { theirs, fate } = await attack();
  expect({ backupOfTheOtherStack: fate(theirs) }).toEqual({ backupOfTheOtherStack: 'there, as it was' });
});

test('B6: an operator neither starts nor sees executions for CloudFormation', async () => {
  const world = await start();
  await deploy(
    world,
    operators(
      (stack) => sourceOf(stack, 'LUSTRE'),
      undefined,
      (stack, provider) => {
        const source = BackupSource.of(stack.node.findChild('Source') as fsx.CfnFileSystem);
        new FsxBackup(stack, 'Backup', { source, provider });
      },
    ),
  );
  const requests = stateMachineIn(world, 'requests');
  const [executionArn] = [...world.stepFunctions.executions.keys()].filter((arn) => {
    return arn.startsWith(requests.replace(':stateMachine:', ':execution:'));
  });
  expect(executionArn).toContain(':Backup');
  const own = await run(world, { source: physicalId(world, 'Source') });
  expect(own.status).toBe('SUCCEEDED');
  await expect(asOperator(world, 'DescribeExecution', { executionArn: own.arn })).resolves.toMatchObject({
    status: 'SUCCEEDED',
  });
  const denied = { code: 'AccessDeniedException' };
  await expect(asOperator(world, 'DescribeExecution', { executionArn })).rejects.toMatchObject(denied);
  const attempt = asOperator(world, 'StartExecution', { stateMachineArn: requests, input: '{}' });
  await expect(attempt).rejects.toMatchObject(denied);
});

test('B6: only state machines of the own account may assume the role that invokes the function', () => {
  const app = operators((stack) => sourceOf(stack, 'LUSTRE'));
  const { Resources } = JSON.parse(readFileSync(join(app, 'Files.template.json'), 'utf8'));
  const trusts = Object.values<any>(Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Role')
    .flatMap(({ Properties }) => Properties.AssumeRolePolicyDocument.Statement)
    .filter(({ Principal }) => Principal.Service === 'states.amazonaws.com');
  expect(trusts.length).toBeGreaterThan(0);
  for (const { Condition } of trusts) {
    expect(Condition).toEqual({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
  }
});

test('B2: a commit message in a tag is refused at synthesis', () => {
  pipelineApp(() => ({ tags: { execution: codepipeline.GlobalVariables.executionId } })); // has no free text
  expect(() => pipelineApp(({ commitMessage }) => ({ tags: { commitMessage } }))).toThrow(/CommitMessage/);
});

test('B2: a branch name in backupName is refused at synthesis', () => {
  const named = () => pipelineApp(({ branchName }) => ({ backupName: `before ${branchName}` }));
  expect(named).toThrow(/BranchName/);
});

const PLACE = 'here is the commit message';

/**
 * Run the pipeline with a commit message in a tag of its first backup. CodePipeline puts values of variables
 * into the input as they are, and so does this. A variable in the tag would be refused.
 */
async function runWith(world: World, message: string): Promise<void> {
  const { name, properties } = pipelineIn(world);
  const changed = structuredClone(properties);
  const { Configuration } = changed.Stages[1].Actions[0];
  expect(Configuration.Input).toContain(PLACE);
  Configuration.Input = Configuration.Input.replace(PLACE, () => message);
  world.codePipeline.putPipeline(name, changed);
  await world.clock.run(world.codePipeline.start(name));
}

test('B2: whatever the commit message is, the backup is of the configured source', async () => {
  const world = await start();
  await deploy(
    world,
    pipelineApp(() => ({ tags: { message: PLACE } })),
  );
  const names = new Map([FIRST, SECOND].map((logicalId) => [physicalId(world, logicalId), logicalId]));
  await runWith(world, `x"},"source":"${physicalId(world, SECOND)}","tags":{"a":"b`);
  const sources = world.backups.map(({ source }) => names.get(source.fileSystemId));
  expect({ sources: sources.sort().join() }).toEqual({ sources: 'First,Second' });
});

test('B2: whatever the commit message is, no backup that the stack retains is deleted', async () => {
  const world = await start();
  const define = (stack: Stack) => {
    const source = BackupSource.of(stack.node.findChild(FIRST) as fsx.CfnFileSystem);
    new FsxBackup(stack, 'Backup', { source });
  };
  await deploy(
    world,
    pipelineApp(() => ({ tags: { message: PLACE }, keepLast: 3 }), define),
  );
  const [backup] = world.backups;
  expect(backup.id).toBe(held(world));
  const event = {
    RequestType: 'Delete',
    ResponseURL: world.canary.url(),
    StackId: backup.tags.get('cdk-fsx-backup:stack-id'),
    RequestId: 'x',
    LogicalResourceId: backup.tags.get('cdk-fsx-backup:logical-id'),
    PhysicalResourceId: backup.id,
    ResourceType: 'Custom::FsxBackup',
    ResourceProperties: {
      SchemaVersion: '1',
      FileSystemId: backup.source.fileSystemId,
      TimeoutSeconds: '9',
      RemovalPolicy: 'DESTROY',
    },
  };
  const phase = { phase: 'DeletingFailed', backupId: backup.id, reason: 'x' };
  const poll = { machine: 'requests', input: event, state: { version: 1, phase } };
  const forged = JSON.stringify(poll).slice(1, -1);
  await runWith(world, `x"},${forged},"tags":{"a":"b`);
  const retained = world.fsx.backups.has(backup.id) ? 'there' : 'deleted';
  expect({ retained }).toEqual({ retained: 'there' });
});
