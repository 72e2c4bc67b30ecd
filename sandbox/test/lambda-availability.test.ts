import { LambdaWorld } from './lambda-fixture';
import { lambdaTypes } from '../cloudformation/resources/lambda';
import type { LambdaFunction } from '../lambda/runtime';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CODE = 'exports.handler = async () => "done";';

let world: LambdaWorld;
beforeEach(() => {
  world = new LambdaWorld();
});
afterEach(() => world.close());

const code = (arn: string) => world.invoke(arn).catch((error) => error.code);
const invoked = () =>
  world.journal.of('invocation').map(({ functionName, at }) => [functionName, at - world.start]);

describe('refusals', () => {
  test.each([
    ['ResourceNotReadyException', 502],
    ['ENINotReadyException', 502],
    ['TooManyRequestsException', 429],
    ['ServiceException', 500],
    ['AWSLambdaException', 500],
  ])('%s: every invocation of every function, for so long', async (refusal, status) => {
    const [one, other] = [world.define('one', CODE), world.define('other', CODE)];
    world.lambda.refuse(refusal, 5 * MINUTE);
    await world.pass(5 * MINUTE - 1);
    for (const arn of [one, other]) {
      await expect(world.invoke(arn)).rejects.toMatchObject({ code: refusal, status });
    }
    expect(invoked()).toEqual([]);
    await world.pass(1);
    expect(await world.invoke(one)).toBe('done');
  });

  test('of several at once the last one speaks, and one that lasts longer is not forgotten', async () => {
    const arn = world.define('one', CODE);
    world.lambda.refuse('ServiceException', 2 * MINUTE);
    world.lambda.refuse('TooManyRequestsException', MINUTE);
    expect(await code(arn)).toBe('TooManyRequestsException');
    await world.pass(MINUTE);
    expect(await code(arn)).toBe('ServiceException');
    await world.pass(MINUTE);
    expect(await code(arn)).toBe('done');
  });

  test.each(['ResourceNotReadyException', 'TooManyRequestsException', 'ResourceConflictException'])(
    '%s: an event waits in its queue, and is tried again with growing intervals',
    async (refusal) => {
      world.lambda.refuse(refusal, 10 * SECOND);
      world.lambda.invokeAsync(world.define('one', CODE), {});
      await world.pass(MINUTE);
      expect(invoked()).toEqual([['one', 15 * SECOND]]); // after 1, 2, 4 and 8 seconds
    },
  );

  test('an event that was refused for six hours is lost', async () => {
    world.lambda.refuse('TooManyRequestsException', 6 * HOUR + 6 * MINUTE);
    world.lambda.invokeAsync(world.define('one', CODE), {});
    await world.pass(12 * HOUR);
    expect(invoked()).toEqual([]);
  });
});

describe('a function in a VPC', () => {
  const define = () => world.define('inside', CODE, { vpc: true });

  test('that was idle for 14 days fails for 90 seconds after the invocation that finds it so', async () => {
    const arn = define();
    expect(await code(arn)).toBe('done');
    await world.pass(14 * DAY);
    expect(await code(arn)).toBe('ResourceNotReadyException');
    await expect(world.invoke(arn)).rejects.toMatchObject({ status: 502 });
    await world.pass(90 * SECOND - 1);
    expect(await code(arn)).toBe('ResourceNotReadyException');
    await world.pass(1);
    expect(await code(arn)).toBe('done');
    await world.pass(13 * DAY);
    expect(await code(arn)).toBe('done');
  });

  test('is active for less than 14 days after it was used, or made', async () => {
    const arn = define();
    await world.pass(14 * DAY - 1);
    expect(await code(arn)).toBe('done');
    await world.pass(14 * DAY - 1);
    expect(await code(arn)).toBe('done');
  });

  test('is active after its code was replaced', async () => {
    define();
    await world.pass(20 * DAY);
    expect(await code(define())).toBe('done');
  });

  test('that nobody has used since it was made becomes inactive, too, and does so again', async () => {
    const arn = define();
    for (let i = 0; i < 2; i++) {
      await world.pass(14 * DAY);
      expect(await code(arn)).toBe('ResourceNotReadyException');
    }
  });

  test('gets the event that found it inactive once it is active', async () => {
    const arn = define();
    await world.pass(14 * DAY);
    world.lambda.invokeAsync(arn, {});
    await world.pass(10 * MINUTE);
    expect(invoked()).toEqual([['inside', 14 * DAY + 127 * SECOND]]);
  });

  test('alone is concerned: one without a VPC never sleeps', async () => {
    const arn = world.define('outside', CODE);
    await world.pass(400 * DAY);
    expect(await code(arn)).toBe('done');
  });
});

test.each([
  ['subnets', { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] }, true],
  ['none', { SubnetIds: [], SecurityGroupIds: [] }, false],
  ['no VpcConfig', undefined, false],
])('a function of a template runs in a VPC if it has subnets: %s', async (_, VpcConfig, inside) => {
  const made: LambdaFunction[] = [];
  const neighbours: any = { accountId: '123456789012', region: 'us-east-1', partition: 'aws' };
  const types = lambdaTypes({ ...neighbours, lambda: { create: (fn: LambdaFunction) => made.push(fn) } });
  const properties = { FunctionName: 'one', Code: { S3Key: 'key' }, Handler: 'index.handler', VpcConfig };
  const request: any = { properties, logicalId: 'One', asset: () => '/code' };
  await types['AWS::Lambda::Function'].create(request);
  expect(made).toMatchObject([{ name: 'one', vpc: inside }]);
});

test('an asynchronous event has at most 262,144 bytes', async () => {
  const arn = world.define('one', 'exports.handler = async ({ text }) => text.length;');
  const event = (bytes: number) => ({ text: 'é' + 'x'.repeat(bytes - 2 - '{"text":""}'.length) });
  expect(() => world.lambda.invokeAsync(arn, event(262_145))).toThrow(
    expect.objectContaining({
      code: 'RequestEntityTooLargeException',
      status: 413,
      message: '262145 byte payload is too large for the Event invocation type (limit 262144 bytes)',
    }),
  );
  world.lambda.invokeAsync(arn, event(262_144));
  await world.pass(SECOND);
  expect(world.journal.of('invocation')).toHaveLength(1);
});
