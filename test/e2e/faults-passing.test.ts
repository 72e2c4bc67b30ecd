import { RemovalPolicy } from 'aws-cdk-lib';
import { appsFor, numbered, outcome, PASSING, PATHS, play } from './fault-paths';
import { KINDS } from './fixture';

describe.each(Object.entries(PATHS))('%s', (name, path) => {
  const kinds = name === 'a create' ? KINDS : [KINDS[Object.keys(PATHS).indexOf(name) % KINDS.length]];

  test.each(kinds)('comes to the same end whatever passing fault meets whichever call (%s)', async (kind) => {
    const apps = appsFor(kind, path.policy);
    const undisturbed = await play(path, apps);
    const expected = outcome(undisturbed.sandbox);
    const positions = numbered(undisturbed.calls);
    expect(positions.length).toBeGreaterThan(path.policy === RemovalPolicy.RETAIN && name.startsWith('a delete') ? 0 : 1);
    for (const [operation, nth] of positions) {
      for (const [what, fault] of Object.entries(PASSING)) {
        const { sandbox, status } = await play(path, apps, ({ faults }) => faults.add(operation, nth, fault));
        const where = `${what} at ${operation} ${nth}`;
        expect([where, status, outcome(sandbox)]).toEqual([where, undisturbed.status, expected]);
        await sandbox.close();
      }
    }
  }, 300_000);
});
