import { ENVIRONMENT } from './mocked-aws';
import { open, refuse } from '../../lambda/door';
import { NotFromCloudFormation } from '../../lambda/event';
import {
  BACKUP,
  createEvent,
  deleteEvent,
  EXECUTION,
  RESPONSE_URL,
  STACK_ID,
  START,
  updateEvent,
} from '../fixtures/events';

const given = (input: unknown, more: object = {}) => ({
  machine: 'requests' as const,
  input,
  execution: EXECUTION,
  startTime: new Date(START).toISOString(),
  state: null,
  ...more,
});
const opened = (input: unknown, more: object = {}) => open(given(input, more), ENVIRONMENT);
const at = (date: string) => ({ ...createEvent(), ResponseURL: `${RESPONSE_URL}&X-Amz-Date=${date}` });

test('a request of CloudFormation has its address, its URL, and its time', () => {
  expect(opened(createEvent())).toEqual({
    address: opened(createEvent()).request,
    responseUrl: RESPONSE_URL,
    startedAt: START,
    request: expect.objectContaining({ kind: 'backup', type: 'Create', logicalId: 'Backup' }),
  });
});

test('a run has no URL, and no stack that waits', () => {
  const run = opened({ source: 'fs-0498eed5fe91001ec' }, { machine: 'runs' });
  expect(run.request).toMatchObject({ kind: 'run', stackId: STACK_ID, requestId: EXECUTION });
  expect(run).not.toHaveProperty('responseUrl');
});

test('an input of the machine "runs" cannot speak for CloudFormation', () => {
  const run = opened(createEvent(), { machine: 'runs' });
  expect(run.request).toBeUndefined();
  expect(run.problem!.message).toMatch(/"RequestType" is not known/);
  expect(run).not.toHaveProperty('responseUrl');
});

test.each<[string, object]>([
  ['another stack', { StackId: STACK_ID.replace('Files', 'Other') }],
  ['another URL', { ResponseURL: 'https://evil.com/x' }],
])('a request with %s is not CloudFormation’s', (_, changes) => {
  expect(() => opened({ ...createEvent(), ...changes })).toThrow(NotFromCloudFormation);
});

describe('time counts', () => {
  test.each([
    ['from the request, which may have been late', '20261102T085500Z', START - 300_000],
    ['from the execution, if the request is older than its hour', '20261102T075900Z', START],
    ['from the execution, if the request seems to be of the future', '20261102T090100Z', START],
    ['from the execution, if the request does not tell', '', START],
  ])('%s', (_, date, time) => {
    expect(opened(at(date)).startedAt).toBe(time);
  });
});

describe('a request that cannot be used', () => {
  const bad = { FileSystemId: 'vpc-1' };

  test('is responded to with what is wrong, and calls nothing', () => {
    expect(refuse(opened(createEvent(bad)))).toMatchObject({
      response: {
        status: 'FAILED',
        physicalId: expect.stringMatching(/^none-Files\.Backup\./),
        reason: expect.stringMatching(/^No backup was taken: "vpc-1" is not the id .* resolves to\.$/),
      },
    });
  });

  test.each([
    [
      { Tags: 'Name' },
      /: Tags must be a list of Key and Value\. Deploy the template as CDK synthesizes it; /,
    ],
    [{ SchemaVersion: '2' }, /; deploy with a version of cdk-fsx-backup .* deployed with\.$/],
  ])('is told what to do, once: %j', (changes, reason) => {
    expect(refuse(opened(createEvent(changes)))).toMatchObject({
      response: { reason: expect.stringMatching(reason) },
    });
  });

  test('keeps its physical id in an Update', () => {
    expect(refuse(opened(updateEvent(BACKUP, bad)))).toMatchObject({
      response: { status: 'FAILED', physicalId: BACKUP },
    });
  });

  test.each([BACKUP, 'final-fs-0498eed5fe91001ec'])('fails a Delete of what is there: %s', (id) => {
    expect(refuse(opened(deleteEvent(id, bad)))).toMatchObject({
      response: {
        status: 'FAILED',
        physicalId: id,
        reason: expect.stringMatching(`^${id} was not deleted: `),
      },
    });
  });

  test.each(['none', 'none-Files.Backup.0', 'Files-Backup-1A2B', 'continuation-Backup'])(
    'has nothing to delete of what was never made: %s',
    (id) => {
      expect(refuse(opened(deleteEvent(id, bad)))).toMatchObject({ response: { status: 'SUCCESS' } });
    },
  );

  test('may be odd: CloudFormation would not send it', () => {
    const odd = opened({ ...createEvent(), LogicalResourceId: '../x' });
    expect(odd.problem!.message).toMatch(/LogicalResourceId is "..\/x", which CloudFormation would not send/);
    expect(odd.request).toBeUndefined();
  });
});
