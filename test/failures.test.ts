import { App, aws_sns as sns, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { IRuleTarget, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { FsxBackup, BackupSource, FsxBackupProvider } from '../src';

/* How people learn of backups that failed. */

let stack: Stack;
let provider: FsxBackupProvider;
beforeEach(() => {
  stack = new Stack(new App(), 'Files');
  provider = new FsxBackupProvider(stack, 'Provider');
});

const idOf = (machine: 'Requests' | 'Runs') =>
  Object.keys(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine')).find((id) =>
    id.startsWith(`Provider${machine}`),
  );
const only = (type: string) => Object.values(Template.fromStack(stack).findResources(type))[0].Properties;

describe('metricFailed', () => {
  const alarm = (period?: object) =>
    provider.metricFailed(period).createAlarm(stack, 'Alarm', {
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  const metrics = (): any[] => only('AWS::CloudWatch::Alarm').Metrics;
  const countsOf = (machine: unknown) =>
    metrics()
      .map(({ MetricStat }) => MetricStat?.Metric)
      .filter((metric) => JSON.stringify(metric?.Dimensions[0].Value) === JSON.stringify(machine))
      .map(({ MetricName }) => MetricName);
  const ALL = ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'];

  test('is the sum of what failed, timed out and was aborted, as AWS counts it', () => {
    alarm();
    const [sum, ...counted] = metrics();
    expect(sum).toMatchObject({ Expression: 'm1 + m2 + m3 + m4 + m5 + m6' });
    expect(counted.map(({ Id }) => Id)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    for (const { MetricStat, ReturnData } of counted) {
      expect(ReturnData).toBe(false);
      expect(MetricStat).toMatchObject({
        Stat: 'Sum',
        Period: 300,
        Metric: { Namespace: 'AWS/States', Dimensions: [{ Name: 'StateMachineArn' }] },
      });
    }
    expect(countsOf({ Ref: idOf('Requests') })).toEqual(ALL);
  });

  test('counts runs that are used later', () => {
    alarm();
    provider.allowBackupsOf(BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'));
    expect(countsOf({ Ref: idOf('Runs') })).toEqual(ALL);
  });

  test('defines no state machine for runs', () => {
    alarm();
    expect(idOf('Runs')).toBeUndefined();
    expect(countsOf('no runs')).toEqual(ALL);
  });

  test('takes a label', () => {
    alarm({ label: 'lost' });
    expect(metrics()[0].Label).toBe('lost');
  });
});

describe('onFailed', () => {
  const topic = () => new SnsTopic(new sns.Topic(stack, 'Topic'));
  const pattern = () => only('AWS::Events::Rule').EventPattern;

  test('is a rule on the events of AWS itself', () => {
    provider.onFailed('Failed', { target: topic() });
    expect(pattern()).toEqual({
      'source': ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      'detail': {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: [{ Ref: idOf('Requests') }],
      },
    });
  });

  test('hears of runs that are used later', () => {
    provider.onFailed('Failed', { target: topic() });
    provider.allowBackupsOf(BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'));
    expect(pattern().detail.stateMachineArn).toEqual([{ Ref: idOf('Requests') }, { Ref: idOf('Runs') }]);
  });

  test.each<[string, () => IRuleTarget]>([
    ['a target', topic],
    ['a target that wants the input', () => wanting('$.detail.input')],
    ['a target that wants all', () => wanting('$')],
  ])('tells %s what failed and when, and never the input of an execution', (_, target) => {
    provider.onFailed('Failed', { target: target() });
    const [{ InputTransformer, ...others }] = only('AWS::Events::Rule').Targets;
    expect(Object.values(InputTransformer.InputPathsMap).sort()).toEqual([
      '$.detail.executionArn',
      '$.detail.name',
      '$.detail.startDate',
      '$.detail.status',
      '$.detail.stopDate',
    ]);
    expect(InputTransformer.InputTemplate).toMatch(/^\{"status":<.*>,"name":<.*>,"executionArn":<.*>,/);
    expect(others).not.toHaveProperty('Input');
    expect(others).not.toHaveProperty('InputPath');
  });

  const wanting = (path: string): IRuleTarget => ({
    bind: () => ({ arn: 'arn:aws:sns:us-east-1:111111111111:t', input: RuleTargetInput.fromEventPath(path) }),
  });

  test.each<[string, any, RegExp]>([
    ['no options', undefined, /^what onFailed got is undefined: give an object of properties/],
    ['no target', {}, /^onFailed needs a target: an IRuleTarget, such as new targets\.SnsTopic\(topic\)$/],
    ['a target that is null', { target: null }, /^onFailed needs a target/],
    ['a topic', { target: 'arn' }, /^the target of onFailed is "arn": give an IRuleTarget/],
  ])('%s draws an error', (_, options, error) => {
    expect(() => provider.onFailed('Failed', options)).toThrow(error);
  });
});

describe('the provider that backups share', () => {
  test('is the one of backups that name none', () => {
    new FsxBackup(stack, 'Backup', { source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec') });
    const shared = FsxBackupProvider.defaultFor(stack);
    expect(shared.node.path).toBe('Files/FsxBackupDefaultProvider');
    expect(FsxBackupProvider.defaultFor(shared)).toBe(shared);
  });

  test('is defined if there is none yet, and backups take it', () => {
    const shared = FsxBackupProvider.defaultFor(new Stack(new App(), 'Other'));
    new FsxBackup(Stack.of(shared), 'Backup', {
      source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
    });
    expect(Stack.of(shared).node.children.map(({ node }) => node.id)).toEqual([
      'FsxBackupDefaultProvider',
      'Backup',
    ]);
  });
});
