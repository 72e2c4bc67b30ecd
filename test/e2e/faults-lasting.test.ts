import { RemovalPolicy } from 'aws-cdk-lib';
import { appsFor, deploy, FINAL, numbered, PASSING, PATHS, play } from './fault-paths';
import type { Fault } from '../../sandbox';
import { KINDS, MINUTE, type World, nameOf } from '../fixtures';

describe.each(Object.entries(PATHS))('%s', (name, path) => {
  test('ends in a named failure, and touches nothing else, where a call is refused for good', async () => {
    const kind = KINDS[Object.keys(PATHS).indexOf(name) % KINDS.length];
    const apps = appsFor(kind, path.policy);
    const undisturbed = await play(path, apps);
    const foreign = (world: World) =>
      world.ownBackups.filter((backup) => nameOf(backup) === 'Files/Standing').length;
    for (const [operation, nth] of numbered(undisturbed.calls).filter(([called]) =>
      called.startsWith('fsx:'),
    )) {
      const { world } = await play(path, apps, ({ faults }) => faults.add(operation, { from: nth }, FINAL));
      const where = `${operation} from ${nth} on`;
      const { status } = world.cloudFormation.stack('Files');
      expect([where, status]).not.toEqual([where, 'UPDATE_ROLLBACK_FAILED']);
      const reasons = world.cloudFormation
        .stack('Files')
        .events.map((event) => event.reason ?? '')
        .join('\n');
      const named = world.journal
        .of('log')
        .map((entry) => entry.line)
        .join('\n');
      const held = Object.values(world.cloudFormation.stack('Files').resources).map(
        (resource) => resource.physicalId,
      );
      expect([where, /BadRequest/.test(reasons + named)]).toEqual([where, true]);
      for (const backup of world.ownBackups) {
        const isKnown = held.includes(backup.id) || (reasons + named).includes(backup.id);
        expect([where, backup.id, isKnown]).toEqual([where, backup.id, true]);
      }
      if (!name.startsWith('a delete')) expect([where, foreign(world)]).toEqual([where, 1]);
      await world.close();
    }
  }, 300_000);
});

describe('for as long as it lasts', () => {
  const apps = () => appsFor('OPENZFS', RemovalPolicy.RETAIN);
  const create = PATHS['a create'];

  test('throttling of every other call does not stop a backup', async () => {
    const { world, status } = await play(create, apps(), ({ faults }) =>
      faults.add('fsx:*', { every: 2 }, { kind: 'throttle' }),
    );
    expect(status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(2);
  });

  test.each(
    Object.entries({
      ...PASSING,
      'a refusal': { kind: 'error', code: 'AccessDeniedException', message: 'no' } as Fault,
    }),
  )(
    '%s of every call of FSx is answered within the service timeout',
    async (_, fault) => {
      const { world, status } = await play(create, apps(), ({ faults }) =>
        faults.add('fsx:*', { from: 1 }, fault),
      );
      expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
      const request = world.journal
        .of('request')
        .find((entry) => entry.type === 'Create' && entry.logicalId.startsWith('Backup'))!;
      const answer = world.journal.of('response').find((entry) => entry.requestId === request.requestId)!;
      expect(answer.effect).toBe('accepted');
      expect(answer.at - request.at).toBeLessThan(3600_000);
    },
    60_000,
  );

  test.each(Object.entries(PASSING))(
    '%s of every call of CloudFormation ends in a failure that names it, and no backup',
    async (_, fault) => {
      const { world, status } = await play(create, apps(), ({ faults }) =>
        faults.add('cloudformation:*', { from: 1 }, fault),
      );
      expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(world.ownBackups).toHaveLength(1);
      const reasons = world.cloudFormation
        .stack('Files')
        .events.map((event) => event.reason)
        .join();
      expect(reasons).toMatch(/Backing up fs-\w+ was not possible in 55 min.*AWS did not respond/);
    },
    60_000,
  );

  test.each(Object.entries(PASSING))(
    '%s of every call of Step Functions ends in a failure in minutes, and no backup; the next one takes it',
    async (what, fault) => {
      const prepared = apps();
      const { world, status } = await play(create, prepared, ({ faults }) =>
        faults.add('states:*', { from: 1 }, fault),
      );
      const isStarted = what === 'a lost response'; // the execution is there, and responds
      expect(status).toBe(isStarted ? 'UPDATE_COMPLETE' : 'UPDATE_ROLLBACK_COMPLETE');
      expect(world.ownBackups).toHaveLength(isStarted ? 2 : 1);
      const requests = world.journal.of('request').filter(({ logicalId }) => logicalId.startsWith('Backup'));
      for (const { at, requestId } of requests) {
        const response = world.journal.of('response').find((entry) => entry.requestId === requestId)!;
        expect(response.at - at).toBeLessThan(10 * MINUTE);
      }
      const reasons = world.cloudFormation.stack('Files').events.map(({ reason }) => reason);
      const named = reasons.some((reason) =>
        /Backing up fs-\w+ failed\. .*Step Functions/.test(reason ?? ''),
      );
      expect(named).toBe(!isStarted);
      expect(await deploy(world, prepared.one)).toMatch(/^UPDATE_COMPLETE$/);
      expect(world.ownBackups).toHaveLength(2);
    },
    60_000,
  );

  test('an answer that gets lost for twenty minutes is delivered after all', async () => {
    const { world, status } = await play(create, apps(), (box) => {
      box.faults.add('response:PUT', { from: 1 }, { kind: 'server-error' });
      box.clock.setTimeout(() => box.faults.clear(), 20 * MINUTE);
    });
    expect(status).toBe('UPDATE_COMPLETE');
    expect(world.ownBackups).toHaveLength(2);
  });
});
