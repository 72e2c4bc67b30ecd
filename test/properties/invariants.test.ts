import { testsOf } from './about';
import { DELETIONS } from './deletions';
import { violationsOf } from './invariant';
import { INVARIANTS } from './invariants';
import { RESPONSES } from './responses';
import { deployed, HOUR, MINUTE, Tale, updated, updateTo } from './tale';

/* Of each invariant: what it allows, and that it can be violated. */

const { about, tested } = testsOf(INVARIANTS);

about('aRequestTakesAtMostOneBackup', ({ allows, finds }) => {
  allows('one backup for each of two requests', (tale) => updated(deployed(tale), 'backup-2'));
  allows('another one after the first has failed', (tale) => {
    const request = tale.request('Create');
    tale.takes(request, 'backup-1', { as: 'FAILED' }).passes(HOUR);
    return tale.takes(request, 'backup-2');
  });
  finds(
    'a second one for the same request',
    (tale) => {
      const request = tale.request('Create');
      return tale.takes(request, 'backup-1').passes(HOUR).takes(request, 'backup-2');
    },
    /backup-2 was taken for request-1, which had taken backup-1/,
  );
});

about('aBackupIsTakenForAnOpenRequest', ({ allows, finds }) => {
  allows('one for a request that is open', (tale) => deployed(tale));
  allows('one within a minute of the cancellation', (tale) => {
    const request = tale.request('Create');
    tale.event('Backup', 'CREATE_FAILED', { reason: 'Resource creation cancelled' });
    return tale.passes(MINUTE).takes(request, 'backup-1');
  });
  allows('a call that was on its way, where FSx forgets the token of a failed one', (tale) => {
    const request = tale.request('Create');
    tale.takes(request, 'backup-1', { as: 'FAILED', ms: 4_000 }).passes(5_000);
    return tale.answers(request, 'backup-1', 'FAILED').passes(2_000).takes(request, 'backup-2');
  });
  allows('one of a pipeline run', (tale) => {
    const run = tale.request('Create', {}, { LogicalResourceId: 'series/wiki' });
    return tale.takes(run, 'backup-1', { token: 'of an execution' });
  });
  finds(
    'one later than that',
    (tale) => {
      const request = tale.request('Create');
      tale.event('Backup', 'CREATE_FAILED', { reason: 'Resource creation cancelled' });
      return tale.passes(MINUTE + 1_000).takes(request, 'backup-1');
    },
    /request of Backup that had ended 61 s before/,
  );
  finds(
    'one for a request that was answered',
    (tale) => {
      const request = tale.request('Create');
      return tale.answers(request, 'backup-1').passes(5_000).takes(request, 'backup-2');
    },
    /had ended 5 s before/,
  );
  finds(
    'one with the token of no request',
    (tale) => tale.takes(tale.request('Create'), 'backup-1', { token: 'forged' }),
    /with a token of no request/,
  );
  finds('one for a Delete', (tale) => tale.takes(tale.request('Delete'), 'backup-1'), /by Delete of Backup/);
});

about('aRollbackTakesNoBackup', ({ allows, finds }) => {
  allows('one on the way forward', (tale) => updated(deployed(tale), 'backup-2'));
  finds(
    'one while the stack rolls back',
    (tale) => {
      deployed(tale).begins().stack('UPDATE_ROLLBACK_IN_PROGRESS');
      return tale.takes(updateTo(tale, 'before', 'backup-1'), 'backup-2');
    },
    /backup-2 was taken by Backup on its way back/,
  );
  finds(
    'one for a resource that goes back although the stack does not',
    (tale) => {
      deployed(tale).begins().stack('UPDATE_IN_PROGRESS');
      tale.answers(updateTo(tale, 'b', 'backup-1'), 'backup-1', 'FAILED').event('Backup', 'UPDATE_FAILED');
      return tale.takes(updateTo(tale, 'before', 'backup-1'), 'backup-2');
    },
    /on its way back/,
  );
  allows('one for such a resource that holds none: nothing tells that it goes back', (tale) => {
    deployed(tale).begins().stack('UPDATE_IN_PROGRESS');
    tale.answers(updateTo(tale, 'b', 'none'), 'none', 'FAILED').event('Backup', 'UPDATE_FAILED');
    return tale.takes(updateTo(tale, 'before', 'none'), 'backup-2');
  });
});

about('aRollbackReturnsToWhatWasHeld', ({ allows, finds }) => {
  /** An update that took backup-2 and is rolled back; its answer names `id`. */
  const rolledBack = (tale: Tale, id: string) => {
    deployed(tale).begins().stack('UPDATE_IN_PROGRESS');
    const forward = updateTo(tale, 'b', 'backup-1');
    tale
      .takes(forward, 'backup-2', { generation: '2' })
      .passes(11 * MINUTE)
      .answers(forward, 'backup-2');
    tale.stack('UPDATE_ROLLBACK_IN_PROGRESS');
    return tale.answers(updateTo(tale, 'before', 'backup-2'), id);
  };
  allows('the backup that the resource held before', (tale) => rolledBack(tale, 'backup-1'));
  allows('another one if a person deleted that', (tale) =>
    rolledBack(tale.person('delete', 'backup-1'), 'backup-2'),
  );
  finds('another one', (tale) => rolledBack(tale, 'backup-2'), /returned to backup-2, and held backup-1/);
  /** The backup that the update took has failed, and a rollback stays with it. */
  const failed = (tale: Tale, isGone: boolean) => {
    deployed(tale).begins().stack('UPDATE_IN_PROGRESS');
    const forward = updateTo(tale, 'b', 'backup-1');
    tale.takes(forward, 'backup-2', { generation: '2', as: 'FAILED' }).passes(11 * MINUTE);
    tale.answers(forward, 'backup-2').stack('UPDATE_ROLLBACK_IN_PROGRESS');
    const back = updateTo(tale, 'before', 'backup-2');
    const outcome = isGone ? { outcome: 'error', error: 'BackupNotFound: there is none' } : {};
    return tale.call('fsx:DescribeBackups', { BackupIds: ['backup-2'] }, outcome).answers(back, 'backup-2');
  };
  allows('one that has failed and vanished: nothing tells what was before', (tale) => failed(tale, true));
  finds('one that has failed and is there', (tale) => failed(tale, false), /returned to backup-2/);
  /** It held none, and an update took its first backup: without other triggers, or for this value. */
  const takesFirst = (tale: Tale, value = 'before', generation?: string) => {
    tale.begins().stack('CREATE_COMPLETE').begins().stack('UPDATE_IN_PROGRESS');
    const forward = updateTo(tale, value, 'none');
    tale
      .takes(forward, 'backup-2', { generation })
      .passes(11 * MINUTE)
      .answers(forward, 'backup-2');
  };
  /** That update is rolled back. */
  const first = (tale: Tale, id: string) => {
    takesFirst(tale);
    tale.stack('UPDATE_ROLLBACK_IN_PROGRESS');
    return tale.answers(updateTo(tale, 'before', 'backup-2'), id);
  };
  allows('the first backup of a resource that held none', (tale) => first(tale, 'backup-2'));
  allows('the first one over an attempt without rollback that asked for another', (tale) => {
    takesFirst(tale);
    tale.stack('UPDATE_FAILED').begins().stack('UPDATE_IN_PROGRESS');
    tale.answers(updateTo(tale, 'b', 'backup-2', {}), 'backup-2', 'FAILED');
    tale.stack('UPDATE_ROLLBACK_IN_PROGRESS');
    const more = { OldResourceProperties: { FileSystemId: 'fs-1', Triggers: ['b'] } };
    const back = tale.request(
      'Update',
      { Triggers: ['before'] },
      { PhysicalResourceId: 'backup-2', ...more },
    );
    return tale.answers(back, 'backup-2');
  });
  /** An attempt without rollback took its first backup; the rollback asks for what the resource has now. */
  const keeps = (tale: Tale, id: string) => {
    takesFirst(tale, 'b', '2');
    tale.stack('UPDATE_FAILED').begins().stack('UPDATE_IN_PROGRESS');
    tale.answers(updateTo(tale, 'before', 'backup-2'), 'backup-2', 'FAILED');
    tale.stack('UPDATE_ROLLBACK_IN_PROGRESS');
    return tale.answers(updateTo(tale, 'before', 'backup-2'), id);
  };
  allows('what it has, if its properties stay as they are', (tale) => keeps(tale, 'backup-2'));
  finds('another one then', (tale) => keeps(tale, 'backup-3'), /backup-3, and held none before/);
  finds('another one than the first', (tale) => first(tale, 'backup-3'), /backup-3, and held none before/);
});

about('whatWaitsChangesAfterItsOwnBackup', ({ allows, finds }) => {
  const guards = [{ backup: 'Backup', guarded: 'Service', isOfGuarded: false }];
  const begun = (tale: Tale) => deployed(tale).begins({ guards }).stack('UPDATE_IN_PROGRESS');
  const changes = (tale: Tale) => tale.event('Service', 'UPDATE_IN_PROGRESS');
  allows('a change after the backup of this deployment', (tale) => {
    const request = updateTo(begun(tale), 'b', 'backup-1');
    tale
      .takes(request, 'backup-2')
      .passes(11 * MINUTE)
      .answers(request, 'backup-2');
    return changes(tale);
  });
  allows('a change after one that was still running when the request came', (tale) => {
    const first = updateTo(begun(tale), 'b', 'backup-1');
    tale.takes(first, 'backup-2', { ms: HOUR }).answers(first, 'backup-1', 'FAILED');
    tale.begins({ guards }).stack('UPDATE_IN_PROGRESS');
    const second = updateTo(tale, 'b', 'backup-1');
    return changes(tale.passes(2 * HOUR).answers(second, 'backup-2'));
  });
  allows('a change without a request, in a retry without rollback', (tale) => {
    deployed(tale).begins({ guards }).stack('UPDATE_IN_PROGRESS').stack('UPDATE_FAILED');
    tale.begins({ guards }).stack('UPDATE_IN_PROGRESS');
    return changes(tale);
  });
  finds(
    'a change without a request, after a failure that was rolled back',
    (tale) => {
      deployed(tale).begins({ guards }).stack('UPDATE_FAILED').stack('UPDATE_ROLLBACK_COMPLETE');
      return changes(tale.begins({ guards }).stack('UPDATE_IN_PROGRESS'));
    },
    /Service changes, .* no backup/,
  );
  finds('a change without a request', (tale) => changes(begun(tale)), /Service changes, .* no backup/);
  finds(
    'a change while the backup runs',
    (tale) => {
      const request = updateTo(begun(tale), 'b', 'backup-1');
      return changes(tale.takes(request, 'backup-2').passes(MINUTE).answers(request, 'backup-2'));
    },
    /backup-2, which is not AVAILABLE/,
  );
  finds(
    'a change after a finished backup of an earlier attempt',
    (tale) => {
      const first = updateTo(begun(tale), 'b', 'backup-1');
      tale.takes(first, 'backup-2').passes(HOUR).answers(first, 'backup-1', 'FAILED');
      tale.begins({ guards }).stack('UPDATE_IN_PROGRESS');
      return changes(tale.answers(updateTo(tale, 'b', 'backup-1'), 'backup-2'));
    },
    /backup-2, which is of an earlier deployment/,
  );
});

about('nobodyIsCalledButAws', ({ allows, finds }) => {
  allows('calls of AWS', (tale) => deployed(tale));
  finds('any other', (tale) => tale.stray('http://localhost/answer'), /PUT of http:\/\/localhost\/answer/);
});

test('each invariant is tested', () => {
  const elsewhere = [DELETIONS, RESPONSES].flatMap((group) => Object.keys(group));
  expect([...tested, ...elsewhere].sort()).toEqual(Object.keys(INVARIANTS).sort());
});

test('a violation tells which invariant, what, and where', () => {
  const tale = deployed(new Tale()).deletes('backup-1');
  expect(violationsOf(INVARIANTS, tale.history()).slice(-1)).toEqual([
    {
      invariant: 'noKeptBackupIsDeleted',
      index: 5,
      what: 'backup-1 of Backup was deleted, and its policy is RETAIN',
    },
  ]);
});
