import { Duration } from 'aws-cdk-lib';
import { EXPIRED, type Kind, KINDS, STORMS } from './disturbances';
import { evidence } from './evidence';
import { wrongWith } from './user-text';
import { Life, type Version } from './wire-life';

const OPERATIONS = [
  'fsx:DescribeBackups',
  'fsx:DescribeFileSystems',
  'fsx:CreateBackup',
  'fsx:TagResource',
  'fsx:UntagResource',
  'fsx:DeleteBackup',
  'cloudformation:DescribeStacks',
  'cloudformation:DescribeStackResource',
  'states:StartExecution',
  'response:PUT',
];
/** Their answers have nothing in them but that they are a success. */
const SAY_NOTHING = ['fsx:TagResource', 'fsx:UntagResource', 'response:PUT'];
/**
 * One of each sort that keeps the deletion itself from happening: each takes the handler 55 minutes, which
 * are long even if they are virtual.
 */
const AT_DELETION = [
  'a connection closed before the call is carried out',
  'garbage instead of HTTP',
  "a proxy's page with 200",
  "a proxy's page with 403",
  'an empty body with 200',
  '429 with Retry-After',
  'credentials that have run out',
  'credentials that are not known',
];
const SERVICE_TIMEOUT = 3_600_000;

const harmless = KINDS.filter((kind) => kind.harmless);
const harmful = KINDS.filter((kind) => !kind.harmless);
const named = (kinds: Kind[]) => kinds.map((kind) => [kind.what, kind] as const);
/** The operations at which it can be seen. */
const metBy = ({ feignsSuccess }: Kind, operations = OPERATIONS) => {
  return operations.filter((operation) => !feignsSuccess || !SAY_NOTHING.includes(operation));
};

/** One life for all tests that go well. */
let life: Life | undefined;
const end = async () => {
  await life?.end();
  life = undefined;
};
const inLife =
  (minutes: number, act: (life: Life, kind: Kind) => Promise<void>) => async (_: string, kind: Kind) => {
    life ??= await Life.begin(Duration.minutes(minutes));
    try {
      await act(life, kind);
    } catch (thrown) {
      await end();
      throw thrown;
    }
  };
afterAll(end);

const STEPS: Array<{ step: string; act: (life: Life) => Promise<string>; status: string; tagged: string[] }> =
  [
    { step: 'create', act: (one) => one.deploy('one'), status: 'UPDATE_COMPLETE', tagged: ['old'] },
    { step: 'other tags', act: (one) => one.deploy('tagged'), status: 'UPDATE_COMPLETE', tagged: ['new'] },
    {
      step: 'roll back',
      act: (one) => one.failToDeploy('other'),
      status: 'UPDATE_ROLLBACK_COMPLETE',
      tagged: ['new'],
    },
    { step: 'delete', act: (one) => one.deploy('none'), status: 'UPDATE_COMPLETE', tagged: [] },
  ];

async function liveThrough(one: Life, kind: Kind, operations: string[], times: number): Promise<void> {
  for (const { step, act, status, tagged } of STEPS) {
    for (const operation of operations) one.wire.disturb(operation, { from: 1, to: times }, kind.disturbance);
    const since = one.world.journal.entries.length;
    const found = {
      step,
      times,
      status: await act(one),
      tagged: one.tagged,
      most: one.most,
      foreign: one.isForeignUntouched,
    };
    one.wire.calm();
    const reasons = one.failuresSince(since).map(({ reason }) => reason);
    expect({ ...found, reasons }).toEqual({
      step,
      times,
      status,
      tagged,
      most: 1,
      foreign: true,
      reasons: [],
    });
  }
  expect(one.unanswered).toEqual([]);
}

describe('Faults on the wire', () => {
  describe('once and three times in a row at every call of a whole life, do no harm', () => {
    afterAll(end);
    test.each(named(harmful))(
      '%s',
      inLife(20, async (one, kind) => {
        one.wire.disturbed.clear();
        for (const times of [1, 3]) await liveThrough(one, kind, metBy(kind), times);
        expect([...one.wire.disturbed.keys()].sort()).toEqual(metBy(kind).sort());
        evidence({ 'pairs of fault and operation': one.wire.disturbed.size });
      }),
    );
  });

  describe('at every call of a whole life, make no difference', () => {
    afterAll(end);
    test.each(named(harmless))(
      '%s',
      inLife(20, async (one, kind) => {
        one.wire.disturbed.clear();
        await liveThrough(one, kind, OPERATIONS, Infinity);
        expect([...one.wire.disturbed.keys()].sort()).toEqual([...OPERATIONS].sort());
        evidence({ 'pairs of fault and operation': one.wire.disturbed.size });
      }),
    );
  });

  describe('thirty times in a row, are waited out', () => {
    afterAll(end);
    test.each(named(STORMS))(
      '%s',
      inLife(60, async (one, kind) => {
        one.wire.disturbed.clear();
        await liveThrough(one, kind, ['fsx:*', 'cloudformation:*'], 30);
        evidence({ refusals: [...one.wire.disturbed.values()].reduce((sum, times) => sum + times, 0) });
      }),
    );
  });

  test('credentials that run out on the way are waited out until Lambda has others', async () => {
    const one = (life = await Life.begin(Duration.minutes(30)));
    const {
      world: { clock, fsx },
      wire,
    } = one;
    const expired = new Set<string>();
    wire.disturb('*', { from: 1 }, { ...EXPIRED, concerns: (caller) => expired.has(caller) });
    fsx.options.backupDuration = () => 8 * 60_000;
    clock.setTimeout(() => wire.callers.forEach((caller) => expired.add(caller)), 60_000);
    let refusals = 0;
    clock.setTimeout(() => {
      refusals = wire.disturbed.get('fsx:DescribeBackups') ?? 0;
      one.recycle();
    }, 6 * 60_000);
    expect(await one.deploy('one')).toBe('UPDATE_COMPLETE');
    expect([one.tagged, one.most, wire.disturbed.get('fsx:DescribeBackups')]).toEqual([['old'], 1, refusals]);
    expect(refusals).toBeGreaterThan(5);
    await end();
  });

  describe('that last, end in a failure that says so, and the next deployment goes on from there', () => {
    afterAll(end);
    test.each(named(harmful))(
      '%s',
      inLife(1, async (one, kind) => {
        const atCreate = metBy(kind, [
          'fsx:DescribeBackups',
          'fsx:DescribeFileSystems',
          'fsx:CreateBackup',
          'cloudformation:DescribeStacks',
          'states:StartExecution',
        ]);
        const atUpdate = metBy(kind, ['fsx:DescribeBackups', 'fsx:TagResource', 'fsx:UntagResource']);
        let failures = 0;
        for (const operation of atCreate) {
          failures += await failAndDeployAgain(one, kind, operation, 'one', ['old']);
          await one.deploy('none');
          expect([operation, one.tagged]).toEqual([operation, []]);
        }
        await one.deploy('one');
        for (const operation of atUpdate) {
          failures += await failAndDeployAgain(one, kind, operation, 'tagged', ['new']);
          await one.deploy('one');
        }
        const atDelete =
          kind.disturbance.carriedOut || AT_DELETION.includes(kind.what) ? ['fsx:DeleteBackup'] : [];
        for (const operation of atDelete) failures += await failAndDeleteAgain(one, kind, operation);
        await one.deploy('none');
        // How many depends on how long the answers of a real connection take.
        expect(failures).toBeGreaterThan(0);
        evidence({ 'pairs of fault and operation': atCreate.length + atUpdate.length + atDelete.length });
      }),
    );
  });
});

/** The fault lasts until it has made something fail, which it need not where the call is carried out. */
async function failAndDeployAgain(
  one: Life,
  kind: Kind,
  operation: string,
  version: Version,
  tagged: string[],
): Promise<number> {
  const { status, failures } = await lasting(one, kind, operation, () => one.deploy(version));
  expect([operation, status]).toEqual([
    operation,
    failures.length > 0 ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE',
  ]);
  expect(await one.deploy(version)).toBe('UPDATE_COMPLETE');
  expect([operation, one.tagged, one.most, one.isForeignUntouched]).toEqual([operation, tagged, 1, true]);
  return failures.length;
}

async function failAndDeleteAgain(one: Life, kind: Kind, operation: string): Promise<number> {
  const { status, failures } = await lasting(one, kind, operation, () => one.destroy());
  expect(status).toBe(failures.length > 0 ? 'DELETE_FAILED' : 'DELETE_COMPLETE');
  if (failures.length > 0) expect(await one.destroy()).toBe('DELETE_COMPLETE');
  expect([one.tagged, one.isForeignUntouched]).toEqual([[], true]);
  return failures.length;
}

async function lasting(one: Life, kind: Kind, operation: string, act: () => Promise<string>) {
  const since = one.world.journal.entries.length;
  one.wire.disturb(operation, { from: 1 }, kind.disturbance);
  one.onFailure = () => one.wire.calm();
  const status = await act();
  one.wire.calm();
  one.onFailure = () => undefined;
  const failures = one.failuresSince(since);
  if (!kind.disturbance.carriedOut) expect([operation, failures.length]).not.toEqual([operation, 0]);
  for (const { reason, bytes, milliseconds } of failures) {
    const text = {
      operation,
      says: kind.says!.test(reason) && reason,
      remedy: /try again|Allow the call/i.test(reason),
      wrong: wrongWith(reason),
    };
    expect(text).toEqual({ operation, says: reason, remedy: true, wrong: [] });
    expect(bytes).toBeLessThanOrEqual(4096);
    expect(milliseconds).toBeLessThan(SERVICE_TIMEOUT);
  }
  return { status, failures };
}
