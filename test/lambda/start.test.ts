import { CreateBackupCommand, DescribeBackupsCommand } from '@aws-sdk/client-fsx';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { backup } from './backups';
import { MockedAws } from './mocked-aws';
import {
  awsError,
  BACKUP,
  createEvent,
  deleteEvent,
  EXECUTION,
  RESPONSE_URL,
  STACK_ID,
  START,
  STATE_MACHINE,
  updateEvent,
} from '../fixtures/events';

const world = new MockedAws();
beforeEach(() => world.reset());

const aged = (event: any, date = '20261102T090000Z') => ({
  ...event,
  ResponseURL: `${RESPONSE_URL}&X-Amz-Date=${date}`,
});
const OLD_REQUEST = '20261102T085600Z';
const starts = () => world.calls(StartExecutionCommand);
const refuse = (error: Error) => world.stepFunctions.on(StartExecutionCommand).rejects(error);
const throttled = awsError('ThrottlingException', 'slow down');
const gone = awsError('StateMachineDoesNotExist', 'State Machine Does Not Exist');

describe('the first act on an event', () => {
  test('starts the execution that will respond, named after the request, and nothing else', async () => {
    await world.start(createEvent({ Triggers: ['v1'], Other: 'x' }));
    expect(starts()).toEqual([
      { stateMachineArn: STATE_MACHINE, name: 'Backup-request-1', input: expect.any(String) },
    ]);
    expect(world.fsx.calls()).toEqual([]);
    expect(world.responses).toEqual([]);
  });

  test('gives the execution a lean event', async () => {
    await world.start(createEvent({ Triggers: ['v1'], Other: 'x' }));
    const { ResourceProperties, ...members } = JSON.parse(starts()[0].input);
    expect(members).toMatchObject({ StackId: STACK_ID, ResponseURL: RESPONSE_URL, RequestType: 'Create' });
    expect(ResourceProperties).not.toHaveProperty('Other');
    expect(ResourceProperties.Triggers).toMatch(/^[0-9a-f]{32}$/);
  });

  test('has names that Step Functions takes, however long the ids', async () => {
    const RequestId = `${'x'.repeat(50)}6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f`;
    await world.start({ ...createEvent(), LogicalResourceId: 'L'.repeat(255), RequestId });
    expect(starts()[0].name).toMatch(/^L{40}-x{3}6b5c1d80-0000-11f0-8000-0a1b2c3d4e5f$/);
    expect(starts()[0].name.length).toBeLessThanOrEqual(80);
  });
});

describe('a redelivery', () => {
  test('does nothing else: the execution exists already', async () => {
    refuse(awsError('ExecutionAlreadyExists', 'it exists'));
    await world.start(aged(createEvent(), OLD_REQUEST));
    expect(world.responses).toEqual([]);
    expect(world.fsx.calls()).toEqual([]);
    expect(world.calls(DescribeExecutionCommand)).toEqual([]);
  });

  test('that starts it again while it runs has the same name and input', async () => {
    await world.start(createEvent());
    await world.start(createEvent());
    expect(starts()[1]).toEqual(starts()[0]);
  });
});

describe('an event that is not CloudFormation’s', () => {
  test.each<[string, unknown]>([
    ['another stack', { ...createEvent(), StackId: `${STACK_ID}x` }],
    ['another URL', { ...createEvent(), ResponseURL: 'https://evil.com/x?secret' }],
    ['nothing', undefined],
  ])('is an error in the log, and no call: %s', async (_, event) => {
    await world.start(event);
    expect(world.logged).toEqual([
      expect.objectContaining({ level: 'error', message: 'the event is refused' }),
    ]);
    expect(JSON.stringify(world.logged)).not.toContain('secret');
    expect(world.stepFunctions.calls()).toEqual([]);
    expect(world.responses).toEqual([]);
  });
});

describe('a start that fails', () => {
  test.each([throttled, awsError('AccessDeniedException', 'not yet')])(
    'is tried again: %s',
    async (error) => {
      world.stepFunctions
        .on(StartExecutionCommand)
        .rejectsOnce(error)
        .rejectsOnce(error)
        .resolves({ executionArn: EXECUTION });
      await world.start(aged(createEvent()));
      expect(starts()).toHaveLength(3);
      expect(world.now).toBe(START + 10_000);
    },
  );

  test('for 40 s, makes Lambda deliver the event again while the request is young', async () => {
    refuse(throttled);
    await expect(world.start(aged(createEvent()))).rejects.toThrow('slow down');
    expect(world.now - START).toBeGreaterThanOrEqual(40_000);
    expect(world.now - START).toBeLessThan(50_000);
    expect(world.responses).toEqual([]);
    expect(world.calls(DescribeExecutionCommand)).toEqual([]);
  });

  test.each([
    ['later', aged(createEvent(), OLD_REQUEST), throttled],
    ['of unknown age', createEvent(), throttled],
    ['for good', aged(createEvent()), gone],
  ])(
    '%s, asks first whether there is an execution of that name, and then says nothing',
    async (_, event, error) => {
      refuse(error);
      world.stepFunctions.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
      await world.start(event);
      expect(world.calls(DescribeExecutionCommand)).toEqual([
        { executionArn: `${STATE_MACHINE.replace(':stateMachine:', ':execution:')}:Backup-request-1` },
      ]);
      expect(world.responses).toEqual([]);
      expect(world.fsx.calls()).toEqual([]);
    },
  );

  test('for good is not tried again', async () => {
    refuse(gone);
    await world.start(aged(createEvent()));
    expect(starts()).toHaveLength(1);
    expect(world.now).toBe(START);
  });
});

describe('in the place of an execution', () => {
  beforeEach(() => refuse(gone));

  test('what goes forward is answered FAILED, with what the start says, and takes nothing', async () => {
    await world.start(createEvent());
    expect(world.responses).toEqual([
      expect.objectContaining({
        Status: 'FAILED',
        Reason: expect.stringMatching(/^Backing up fs-\S+ failed\. StateMachineDoesNotExist: State Machine/),
      }),
    ]);
    expect(world.calls(CreateBackupCommand)).toEqual([]);
  });

  test('an Update that goes forward keeps its id', async () => {
    world.stack.status = 'UPDATE_IN_PROGRESS';
    world.backups = [backup()];
    await world.start(updateEvent(BACKUP, { Triggers: ['v2'] }));
    expect(world.responses).toEqual([
      expect.objectContaining({ Status: 'FAILED', PhysicalResourceId: BACKUP }),
    ]);
  });

  test('a Delete is polled once', async () => {
    world.stack.status = 'DELETE_IN_PROGRESS';
    world.backups = [backup({ removal: 'DESTROY' })];
    await world.start(deleteEvent(BACKUP, { RemovalPolicy: 'DESTROY' }));
    expect(world.responses).toEqual([expect.objectContaining({ Status: 'SUCCESS' })]);
    expect(world.backups).toEqual([]);
  });

  test('a rollback is polled once, and answered SUCCESS in any case', async () => {
    world.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    world.fsx.on(DescribeBackupsCommand).rejects(awsError('AccessDeniedException', 'no'));
    await world.start(updateEvent(BACKUP, {}, { Triggers: ['v2'] }));
    expect(world.responses).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: BACKUP }),
    ]);
  });

  test('the execution counts as missing if that cannot be asked', async () => {
    world.stepFunctions.on(DescribeExecutionCommand).rejects(awsError('AccessDeniedException', 'no'));
    await world.start(createEvent());
    expect(world.responses).toHaveLength(1);
  });

  test('a response that cannot be delivered makes Lambda deliver the event again', async () => {
    world.problem = new Error('unreachable');
    await expect(world.start(createEvent())).rejects.toThrow('the response could not be delivered');
  });
});

describe('a request that cannot be used is answered at once', () => {
  test.each<[string, object, RegExp]>([
    ['its ids are odd', { LogicalResourceId: '../x' }, /LogicalResourceId is "..\/x"/],
    [
      'it is above 100 KB',
      { ResourceProperties: { Tags: 'x'.repeat(110_000) } },
      /give fewer or shorter tags/,
    ],
  ])('%s', async (_, changes, reason) => {
    await world.start({ ...createEvent(), ...changes });
    expect(starts()).toEqual([]);
    expect(world.responses).toEqual([
      expect.objectContaining({ Status: 'FAILED', Reason: expect.stringMatching(reason) }),
    ]);
  });

  test('what is above 100 KB counts without the values of triggers', async () => {
    await world.start(createEvent({ Triggers: ['x'.repeat(200_000)] }));
    expect(starts()).toHaveLength(1);
  });

  test('what is above 100 KB is counted in bytes', async () => {
    await world.start(createEvent({ Tags: [{ Key: 'a', Value: '中'.repeat(90_000) }] }));
    expect(starts()).toEqual([]);
  });
});
