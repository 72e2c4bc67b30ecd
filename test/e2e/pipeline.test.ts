import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  aws_codepipeline as codepipeline,
  aws_codepipeline_actions as actions,
  aws_s3 as s3,
  Duration,
  Stack,
} from 'aws-cdk-lib';
import {
  backupsIn,
  calls,
  finishedAt,
  MINUTE,
  ownBackupsIn,
  sourceOf,
  start,
  synthesize,
  theOnly,
} from './fixture';
import type { ActionExecution, PipelineExecution } from '../../sandbox/codepipeline/service';
import type { Sandbox, SandboxOptions } from '../../sandbox/sandbox';
import { synthesize as synthesizeFolder } from '../../sandbox/synthesize';
import { FsxBackupAction, FsxBackupActionProps } from '../../src';

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EXAMPLES = join(__dirname, '../../examples/typescript');

const pipelinesIn = (sandbox: Sandbox) =>
  Object.values(sandbox.cloudFormation.stack('Release').resources)
    .filter(({ type }) => type === 'AWS::CodePipeline::Pipeline')
    .map(({ physicalId }) => physicalId!);
/** An action of the last stage; the last time, where it ran more than once. */
const find = ({ actions: all }: PipelineExecution, name: string): ActionExecution =>
  all.filter(({ action }) => action === name).at(-1)!;
const release = (sandbox: Sandbox, assembly: string) =>
  sandbox.clock.run(sandbox.codePipeline.start(pipelinesIn(sandbox)[0], { assembly }));

describe('the example', () => {
  let first: string;
  let second: string;
  beforeAll(async () => {
    [first, second] = await Promise.all(
      ['1', '2'].map((version) =>
        synthesizeFolder(join(EXAMPLES, 'pipeline'), { context: { release: version } }),
      ),
    );
  });
  afterAll(() => [first, second].forEach((directory) => rmSync(directory, { recursive: true })));

  async function begin(options: SandboxOptions = {}): Promise<Sandbox> {
    const sandbox = await start(options);
    expect((await sandbox.deploy(first, { stacks: ['Release'] })).Release.status).toBe('CREATE_COMPLETE');
    return sandbox;
  }

  /** With a release that is deployed. */
  async function released(options: SandboxOptions = {}): Promise<Sandbox> {
    const sandbox = await begin(options);
    expect(await release(sandbox, first)).toMatchObject({ status: 'Succeeded' });
    return sandbox;
  }

  const production = (sandbox: Sandbox) =>
    sandbox.cloudFormation.stack('Production-Files').resources.FileSystem.physicalId!;
  const began = (sandbox: Sandbox, execution: PipelineExecution, name: string) =>
    sandbox.journal
      .of('action')
      .filter(
        ({ action, execution: id, status }) =>
          action === name && id === execution.id && status === 'InProgress',
      )
      .at(-1)!.at;

  test('backs nothing up the first time, since nothing is deployed, and goes on', async () => {
    const sandbox = await begin();
    const execution = await release(sandbox, first);
    expect(execution.status).toBe('Succeeded');
    expect(find(execution, 'Backup-Variables').variables).toEqual({ BackupId: 'none', BackupArn: '' });
    expect(backupsIn(sandbox)).toEqual([]);
  });

  test('backs production up before a release changes it, and tells the id', async () => {
    const sandbox = await released();
    const execution = await release(sandbox, second);
    expect(execution.status).toBe('Succeeded');
    const backup = theOnly(backupsIn(sandbox));
    expect(backup.source.fileSystemId).toBe(production(sandbox));
    expect(began(sandbox, execution, 'Files.Prepare')).toBeGreaterThanOrEqual(finishedAt(backup));
    expect(JSON.parse(find(execution, 'Announce').configuration!.EnvironmentVariables)).toEqual([
      expect.objectContaining({ name: 'BACKUP', value: backup.id }),
    ]);
    expect(Object.fromEntries(backup.tags)).toMatchObject({
      'cdk-fsx-backup:logical-id': expect.stringMatching(
        /^series\/\d+\/us-east-1\/Release\/Pipeline\/Pipeline\/Production\/Backup$/,
      ),
    });
    expect(sandbox.journal.of('call').filter(({ outcome }) => outcome === 'denied')).toEqual([]);
  });

  test('takes one backup per execution, and keeps five', async () => {
    const sandbox = await released();
    for (let nth = 0; nth < 7; nth++) {
      expect((await release(sandbox, nth % 2 ? first : second)).status).toBe('Succeeded');
    }
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(7);
    expect(backupsIn(sandbox)).toHaveLength(5);
  }, 240_000);

  test('a failed backup stops the stage before any change, and the action can be retried', async () => {
    const sandbox = await released();
    sandbox.fsx.options.fail = () => 'the disk is full';
    const execution = await release(sandbox, second);
    expect(execution.status).toBe('Failed');
    expect(find(execution, 'Backup').error).toMatch(
      /BackupFailed: FSx could not finish backup backup-\w+ of fs-\w+: the disk is full/,
    );
    expect(
      execution.actions.filter(({ stage, action }) => stage === 'Production' && action !== 'Backup'),
    ).toEqual([]);
    sandbox.fsx.options.fail = () => undefined;
    expect((await sandbox.clock.run(sandbox.codePipeline.retry(execution.id, 'Production'))).status).toBe(
      'Succeeded',
    );
    // with keepLast what is left of the first is removed
    expect(theOnly(backupsIn(sandbox)).failure).toBeUndefined();
  });

  test('an action that runs out of time takes the same backup up when it is retried', async () => {
    const sandbox = await released({ fsx: { backupDuration: () => 4 * DAY } });
    const execution = await release(sandbox, second);
    expect(find(execution, 'Backup').error).toMatch(
      /is not finished after 4320 min \(CREATING, 7\d %\)\. It goes on: retry the pipeline's action/,
    );
    const retried = await sandbox.clock.run(sandbox.codePipeline.retry(execution.id, 'Production'));
    expect(retried).toMatchObject({ id: execution.id, status: 'Succeeded' });
    expect(find(retried, 'Backup-Variables').variables.BackupId).toBe(theOnly(backupsIn(sandbox)).id);
    expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
  });

  test('a backup of nearly three days is waited for', async () => {
    const sandbox = await released({ fsx: { backupDuration: () => 2.9 * DAY } });
    expect((await release(sandbox, second)).status).toBe('Succeeded');
    const execution = [...sandbox.stepFunctions.executions.values()].at(-1)!;
    expect(execution.events).toBeLessThan(6_000);
  });

  test.each(['FAILED_ACTIONS', 'ALL_ACTIONS'] as const)(
    'a stage that is run again (%s) after the release has failed takes no second backup',
    async (mode) => {
      const sandbox = await released();
      const target = Object.keys(sandbox.cloudFormation.stack('Production-Service').resources).find((name) =>
        name.startsWith('Release'),
      )!;
      let isSpoiled = false;
      sandbox.journal.onEntry((entry) => {
        if (
          isSpoiled ||
          entry.kind !== 'action' ||
          entry.action !== 'Backup' ||
          entry.status !== 'Succeeded'
        ) {
          return;
        }
        sandbox.cloudFormation.failures.fail({ target, on: 'update' });
        isSpoiled = true;
      });
      let execution = await release(sandbox, second);
      expect(find(execution, 'Service.Deploy')).toMatchObject({ stage: 'Production', status: 'Failed' });
      sandbox.cloudFormation.failures.clear();
      const [backup] = backupsIn(sandbox);
      await sandbox.clock.run(sandbox.clock.sleep(3 * DAY));
      execution = await sandbox.clock.run(sandbox.codePipeline.retry(execution.id, 'Production', { mode }));
      if (mode === 'ALL_ACTIONS') expect(execution.status).toBe('Succeeded');
      expect(theOnly(backupsIn(sandbox)).id).toBe(backup.id);
      expect(calls(sandbox, 'fsx:CreateBackup')).toBe(1);
    },
  );

  test('its actions make no calls but these', async () => {
    const sandbox = await released();
    await release(sandbox, second);
    const { resources } = sandbox.cloudFormation.stack('Release');
    const roles = Object.keys(resources)
      .filter((name) => /Backup(Variables)?CodePipelineActionRole\w{8}$/.test(name))
      .map((name) => resources[name].physicalId!);
    expect(roles).toHaveLength(2);
    const made = new Set(
      sandbox.journal
        .of('call')
        .filter(({ principal }) => roles.some((role) => principal.endsWith(`/${role}`)))
        .map(({ operation }) => operation),
    );
    expect(made).toEqual(
      new Set([
        'states:DescribeStateMachine',
        'states:StartExecution',
        'states:DescribeExecution',
        'lambda:InvokeFunction',
      ]),
    );
  });
});

describe('two pipelines that back up the same file system', () => {
  const twoPipelines = (props: Partial<FsxBackupActionProps> = {}) => {
    const define = (stack: Stack) => {
      const source = sourceOf(stack, 'WINDOWS');
      for (const id of ['One', 'Two']) {
        const bucket = s3.Bucket.fromBucketName(stack, `${id}Source`, 'source');
        new codepipeline.Pipeline(stack, id, {
          crossAccountKeys: false,
          stages: [
            {
              stageName: 'Source',
              actions: [
                new actions.S3SourceAction({
                  actionName: 'Source',
                  bucket,
                  bucketKey: 'a.zip',
                  output: new codepipeline.Artifact(),
                }),
              ],
            },
            {
              stageName: 'Backup',
              actions: [
                new FsxBackupAction({
                  actionName: 'Backup',
                  source,
                  output: new codepipeline.Artifact('Saved'),
                  ...props,
                }),
              ],
            },
          ],
        });
      }
    };
    return synthesize(define);
  };
  const named = (sandbox: Sandbox) =>
    Object.values(sandbox.cloudFormation.stack('Files').resources)
      .filter(({ type }) => type === 'AWS::CodePipeline::Pipeline')
      .map(({ physicalId }) => physicalId!);

  test('wait for one another, and each has its own', async () => {
    const sandbox = await start({ fsx: { backupDuration: () => HOUR } });
    await sandbox.deploy(twoPipelines({ timeout: Duration.hours(3), keepLast: 1 }));
    const executions = await sandbox.clock.run(
      Promise.all(named(sandbox).map((name) => sandbox.codePipeline.start(name))),
    );
    expect(executions.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
    const ids = executions.map((execution) => JSON.parse(find(execution, 'Backup').output!).BackupId);
    expect(new Set(ids)).toEqual(new Set(ownBackupsIn(sandbox).map(({ id }) => id)));
    const [one, two] = ownBackupsIn(sandbox).sort((a, b) => a.createdAt - b.createdAt);
    expect(two.createdAt).toBeGreaterThanOrEqual(finishedAt(one));
  });
});

test('across accounts, role and engine are those of the operators, in their account and Region', async () => {
  const directory = await synthesizeFolder(join(EXAMPLES, 'pipeline-accounts'));
  try {
    const [operators, pipeline] = ['Operators', 'Release'].map(
      (name) => JSON.parse(readFileSync(join(directory, `${name}.template.json`), 'utf8')).Resources,
    );
    const role = Object.values<any>(operators).find(
      ({ Properties }) => Properties?.RoleName === 'backups-for-pipelines',
    );
    expect(JSON.stringify(role.Properties.AssumeRolePolicyDocument)).toContain(':iam::111111111111:root');
    const granted = Object.values<any>(operators).filter(
      ({ Type, Properties }) => Type === 'AWS::IAM::Policy' && /^Role/.test(Properties.PolicyName),
    );
    expect(theOnly(granted).Properties.PolicyDocument.Statement.flatMap(({ Action }: any) => Action)).toEqual(
      ['states:StartExecution', 'states:DescribeStateMachine', 'states:DescribeExecution'],
    );
    const [{ Properties }] = Object.values<any>(pipeline).filter(
      ({ Type }) => Type === 'AWS::CodePipeline::Pipeline',
    );
    const action = Properties.Stages[1].Actions.find(({ Name }: any) => Name === 'Backup');
    expect(action).toMatchObject({
      Region: 'eu-central-1',
      RoleArn: 'arn:aws:iam::222222222222:role/backups-for-pipelines',
    });
    expect(action.Configuration.StateMachineArn).toMatch(
      /^arn:aws:states:eu-central-1:222222222222:stateMachine:/,
    );
    expect(Properties.ArtifactStores.map(({ Region }: any) => Region).sort()).toEqual([
      'eu-central-1',
      'us-east-1',
    ]);
    expect(JSON.stringify(pipeline)).toContain(
      '"Action":"sts:AssumeRole","Effect":"Allow",' +
        '"Resource":"arn:aws:iam::222222222222:role/backups-for-pipelines"',
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
