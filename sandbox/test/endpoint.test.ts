import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { VirtualClock } from '../clock';
import { AwsError, listen, type AwsApi, type AwsCall } from '../endpoint';
import { FaultPlan } from '../faults';
import { Journal } from '../journal';

const ROLE = 'arn:aws:iam::123456789012:role/caller';
const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:machine:one';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function serve(api: Pick<AwsApi, 'service' | 'protocol'>, answer: (call: AwsCall) => unknown) {
  const clock = new VirtualClock();
  const journal = new Journal(clock);
  const faults = new FaultPlan();
  const hanging: string[] = [];
  const calls: AwsCall[] = [];
  const handle = async (call: AwsCall) => {
    calls.push(call);
    return answer(call);
  };
  const endpoint = await listen(
    { ...api, handle },
    {
      journal,
      faults,
      principalOf: (key) => (key === 'KNOWN' ? ROLE : undefined),
      onHang: (key) => hanging.push(key),
    },
  );
  close = () => endpoint.close();
  const configuration = {
    endpoint: endpoint.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'KNOWN', secretAccessKey: 'secret' },
  };
  return { clock, journal, faults, hanging, calls, configuration, url: endpoint.url };
}

const states = (answer: (call: AwsCall) => unknown) =>
  serve({ service: 'states', protocol: 'json-1.0' }, answer);
const cloudFormation = (answer: (call: AwsCall) => unknown) =>
  serve({ service: 'cloudformation', protocol: 'query' }, answer);

describe('JSON', () => {
  test('a call reaches the service with operation, input and caller, and its answer the client', async () => {
    const { configuration, calls, journal } = await states(() => ({ status: 'RUNNING' }));
    const answer = await new SFNClient(configuration).send(
      new DescribeExecutionCommand({ executionArn: EXECUTION }),
    );
    expect(answer.status).toBe('RUNNING');
    expect(calls).toEqual([
      { operation: 'DescribeExecution', input: { executionArn: EXECUTION }, principal: ROLE },
    ]);
    expect(journal.calls('states:DescribeExecution')).toMatchObject([
      { principal: ROLE, input: { executionArn: EXECUTION }, outcome: 'ok', output: { status: 'RUNNING' } },
    ]);
  });

  test('an error of the service arrives under its own name, with message, status and fields', async () => {
    const { configuration, journal } = await states(() => {
      throw new AwsError('ExecutionDoesNotExist', 'no such execution', 400, { reason: 'NONE' });
    });
    await expect(
      new SFNClient(configuration).send(new DescribeExecutionCommand({ executionArn: EXECUTION })),
    ).rejects.toMatchObject({
      name: 'ExecutionDoesNotExist',
      message: 'no such execution',
      $metadata: { httpStatusCode: 400 },
      reason: 'NONE',
    });
    expect(journal.entries).toMatchObject([
      { outcome: 'error', error: 'ExecutionDoesNotExist: no such execution' },
    ]);
  });

  test('a denied call is told apart in the journal', async () => {
    const { configuration, journal } = await states(() => {
      throw new AwsError('AccessDeniedException', 'not you');
    });
    await expect(
      new SFNClient(configuration).send(new DescribeExecutionCommand({ executionArn: EXECUTION })),
    ).rejects.toThrow('not you');
    expect(journal.entries).toMatchObject([{ outcome: 'denied' }]);
  });

  test('an unknown access key is refused before the service is asked', async () => {
    const { configuration, calls, journal } = await states(() => ({}));
    const client = new SFNClient({
      ...configuration,
      credentials: { accessKeyId: 'STRANGER', secretAccessKey: 'secret' },
    });
    await expect(
      client.send(new DescribeExecutionCommand({ executionArn: EXECUTION })),
    ).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    expect(calls).toEqual([]);
    expect(journal.entries).toMatchObject([{ kind: 'call', principal: '', outcome: 'error' }]);
  });

  test('a body that is no JSON object is refused and recorded', async () => {
    const { url, journal } = await states(() => ({}));
    const headers = {
      'authorization': 'AWS4-HMAC-SHA256 Credential=KNOWN/20261102/us-east-1/states/aws4_request',
      'x-amz-target': 'AWSStepFunctions.Any',
    };
    const response = await fetch(url, { method: 'POST', headers, body: '[]' });
    expect([response.status, ((await response.json()) as any).__type]).toEqual([
      400,
      'SerializationException',
    ]);
    expect(journal.entries).toHaveLength(1);
  });

  test('a defect of the sandbox is no answer that a client would retry', async () => {
    const { configuration, calls } = await states(() => {
      throw new Error('left undone');
    });
    const client = new SFNClient({ ...configuration, maxAttempts: 3 });
    await expect(
      client.send(new DescribeExecutionCommand({ executionArn: EXECUTION })),
    ).rejects.toMatchObject({ name: 'SandboxDefect' });
    expect(calls).toHaveLength(1);
  });

  test('no Date is sent, from which an SDK would take its clock to be wrong', async () => {
    const { url } = await states(() => ({}));
    expect((await fetch(url, { method: 'POST', body: '{}' })).headers.has('date')).toBe(false);
  });
});

describe('Query', () => {
  test('a call reaches the service without the frame; lists, dates and markup reach the client', async () => {
    const time = new Date('2026-11-02T09:00:00.000Z');
    const { configuration, calls } = await cloudFormation(() => ({
      Stacks: [
        { StackName: 'one', CreationTime: time, Description: 'a < b & "c"', Tags: [] },
        { StackName: 'two', CreationTime: time },
      ],
    }));
    const { Stacks } = await new CloudFormationClient(configuration).send(
      new DescribeStacksCommand({ StackName: 'one & only' }),
    );
    expect(calls).toEqual([
      { operation: 'DescribeStacks', input: { StackName: 'one & only' }, principal: ROLE },
    ]);
    expect(Stacks).toMatchObject([
      { StackName: 'one', CreationTime: time, Description: 'a < b & "c"' },
      { StackName: 'two' },
    ]);
  });

  test('an error of the service arrives under its own name', async () => {
    const { configuration } = await cloudFormation(() => {
      throw new AwsError('ValidationError', 'Stack with id one does not exist');
    });
    await expect(
      new CloudFormationClient(configuration).send(new DescribeStacksCommand({ StackName: 'one' })),
    ).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id one does not exist',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('a denied call is called as this protocol calls it', async () => {
    const { configuration } = await cloudFormation(() => {
      throw new AwsError('AccessDeniedException', 'not you');
    });
    await expect(
      new CloudFormationClient(configuration).send(new DescribeStacksCommand({})),
    ).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  });

  test('an unknown access key is refused', async () => {
    const { configuration } = await cloudFormation(() => ({}));
    const client = new CloudFormationClient({
      ...configuration,
      credentials: { accessKeyId: 'STRANGER', secretAccessKey: 'secret' },
    });
    await expect(client.send(new DescribeStacksCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('a list of scalars reaches the service as a list', async () => {
    const { configuration, calls } = await cloudFormation(() => ({}));
    const input = { StackName: 'one', RetainResources: ['A', 'B'] };
    await new CloudFormationClient(configuration).send(new DeleteStackCommand(input));
    expect(calls).toEqual([{ operation: 'DeleteStack', input, principal: ROLE }]);
  });

  test('parameters with members of their own are refused', async () => {
    const { url } = await cloudFormation(() => ({}));
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 Credential=KNOWN/20261102/us-east-1/cloudformation/aws4_request',
    };
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: 'Action=CreateStack&Tags.member.1.Key=a',
    });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('Tags.member.1.Key'),
    ]);
  });
});

describe('faults', () => {
  const describeExecution = new DescribeExecutionCommand({ executionArn: EXECUTION });

  test.each([
    [
      { kind: 'error', code: 'StateMachineDeleting', message: 'too late' },
      { name: 'StateMachineDeleting', message: 'too late' },
    ],
    [{ kind: 'throttle' }, { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }],
    [{ kind: 'server-error' }, { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } }],
    [{ kind: 'reset' }, { message: expect.stringContaining('ECONNRESET') }],
  ] as const)('%o: the client sees it, and nothing is done', async (fault, seen) => {
    const { configuration, faults, calls, journal } = await states(() => ({}));
    faults.add('states:DescribeExecution', 1, fault);
    await expect(new SFNClient(configuration).send(describeExecution)).rejects.toMatchObject(seen);
    expect(calls).toEqual([]);
    expect(journal.entries).toMatchObject([{ outcome: 'fault', operation: 'states:DescribeExecution' }]);
  });

  test('lost response: it is done, recorded with its output, and the connection reset', async () => {
    const { configuration, faults, calls, journal } = await states(() => ({ status: 'RUNNING' }));
    faults.add('states:*', 1, { kind: 'lost-response' });
    await expect(new SFNClient(configuration).send(describeExecution)).rejects.toMatchObject({
      message: expect.stringContaining('ECONNRESET'),
    });
    expect(calls).toHaveLength(1);
    expect(journal.entries).toMatchObject([
      { outcome: 'fault', error: 'lost-response', output: { status: 'RUNNING' } },
    ]);
  });

  test('hang: the caller is reported, and the connection stays open until the caller gives up', async () => {
    const { configuration, faults, calls, hanging, journal } = await states(() => ({}));
    faults.add('states:*', 1, { kind: 'hang' });
    const abort = new AbortController();
    const sent = new SFNClient(configuration).send(describeExecution, { abortSignal: abort.signal });
    const settled = jest.fn();
    sent.then(settled, settled);
    while (hanging.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(settled).not.toHaveBeenCalled();
    expect(hanging).toEqual(['KNOWN']);
    abort.abort();
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
    expect(calls).toEqual([]);
    expect(journal.entries).toMatchObject([{ outcome: 'fault', error: 'hang' }]);
  });

  test('the query protocol throttles and fails under its own names', async () => {
    const { configuration, faults } = await cloudFormation(() => ({}));
    faults
      .add('cloudformation:*', 1, { kind: 'throttle' })
      .add('cloudformation:*', 2, { kind: 'server-error' });
    const client = new CloudFormationClient(configuration);
    await expect(client.send(new DescribeStacksCommand({}))).rejects.toMatchObject({ name: 'Throttling' });
    await expect(client.send(new DescribeStacksCommand({}))).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: { httpStatusCode: 500 },
    });
  });
});
