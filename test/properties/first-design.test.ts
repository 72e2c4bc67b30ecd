import { testsOf } from './about';
import { FIRST_DESIGN } from './first-design';
import { violationsOf } from './invariant';
import { MINUTE, Tale } from './tale';

/* Of each invariant: what it allows, and that it can be violated. */

const HOUR = 60 * MINUTE;
const DESTROY = { RemovalPolicy: 'DESTROY' };
const keep = (n: number) => ({ KeepLast: `${n}` });

const { about, tested } = testsOf(FIRST_DESIGN);

/** A deployment that has taken a backup and succeeded, at the time of that. */
function deployed(
  tale: Tale,
  id = 'backup-1',
  properties: Record<string, unknown> = {},
  generation = '1',
): Tale {
  tale.stack('CREATE_IN_PROGRESS');
  const request = tale.request('Create', properties);
  return tale
    .takes(request, id, { generation })
    .passes(11 * MINUTE)
    .answers(request, id)
    .stack('CREATE_COMPLETE')
    .passes(HOUR)
    .begins();
}

/** An update that has come to another backup, up to its cleanup. */
function updated(
  tale: Tale,
  id: string,
  properties: Record<string, unknown>,
  generation: string,
  ms = 11 * MINUTE,
): Tale {
  tale.stack('UPDATE_IN_PROGRESS');
  const request = tale.request(
    'Update',
    { Triggers: [generation], ...properties },
    { PhysicalResourceId: 'the one before' },
  );
  return tale
    .takes(request, id, { generation })
    .passes(ms)
    .answers(request, id)
    .stack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
}

about('eachRequestIsAnsweredOnceAndInTime', ({ allows, finds }) => {
  allows('one answer, and others that are ignored', (tale) => {
    const request = tale.request('Create');
    return tale.answers(request, 'backup-1').answers(request, 'backup-1', 'SUCCESS', { effect: 'ignored' });
  });
  allows('none for a request that was cancelled', (tale) => {
    tale.request('Create');
    return tale.event('Backup', 'CREATE_FAILED', { reason: 'Resource creation cancelled' });
  });
  allows('a PUT that failed by the fault plan', (tale) => {
    const request = tale.request('Create');
    return tale
      .answers(request, 'backup-1', 'SUCCESS', { effect: 'refused', why: 'fault: reset' })
      .answers(request, 'backup-1');
  });
  finds(
    'none',
    (tale) => {
      tale.request('Create');
      return tale.event('Backup', 'CREATE_FAILED', { reason: 'CloudFormation did not receive a response' });
    },
    /Create of Backup was never answered/,
  );
  finds(
    'two with effect',
    (tale) => {
      const request = tale.request('Create');
      return tale.answers(request, 'backup-1').answers(request, 'backup-1');
    },
    /answered 2 times/,
  );
  finds(
    'a late one',
    (tale) => {
      const request = tale.request('Create', { ServiceTimeout: '60' });
      return tale.passes(61_000).answers(request, 'backup-1');
    },
    /after 61 s/,
  );
  finds(
    'one that CloudFormation refuses',
    (tale) => {
      const request = tale.request('Create');
      return tale
        .answers(request, '', 'SUCCESS', { effect: 'refused', why: 'Invalid PhysicalResourceId' })
        .answers(request, 'backup-1');
    },
    /refused: Invalid PhysicalResourceId/,
  );
});

about('noWaitConditionRunsOut', ({ allows, finds }) => {
  const runsOut = (tale: Tale) =>
    tale.event('Condition', 'CREATE_FAILED', { reason: 'WaitCondition timed out. Received 0 conditions' });
  allows('one that fails with a text', (tale) =>
    tale.event('Condition', 'CREATE_FAILED', { reason: 'WaitCondition received failed message' }),
  );
  allows('one that is seen again with rollback disabled', (tale) =>
    runsOut(tale.begins({ disableRollback: true })),
  );
  finds('one that runs out', runsOut, /nobody signalled Condition/);
});

about('atMostOneLivingBackupPerIdentity', ({ allows, finds }) => {
  const twice = (
    tale: Tale,
    between: (tale: Tale) => Tale,
    first: Parameters<Tale['takes']>[2] = {},
    second: Parameters<Tale['takes']>[2] = {},
  ) => {
    const request = tale.request('Create');
    return between(tale.takes(request, 'backup-1', first)).takes(request, 'backup-2', second);
  };
  const later = (tale: Tale) => tale.passes(20 * MINUTE);
  finds(
    'another beside one that is running',
    (tale) => twice(tale, (_) => _.passes(MINUTE)),
    /backup-2 was taken of fs-1 although there was backup-1/,
  );
  finds('another beside a finished one of a failed attempt', (tale) => twice(tale, later), /backup-2/);
  finds(
    'another after a success that is older than the first',
    (tale) => twice(deployed(tale, 'backup-0', {}, '0'), later),
    /backup-2/,
  );
  allows('another final backup three hours later, when a deletion is tried again', (tale) => {
    const request = tale.request('Delete', {}, { ResourceType: 'Custom::FsxFinalBackup' });
    return tale
      .takes(request, 'backup-1')
      .passes(3 * HOUR)
      .takes(request, 'backup-2');
  });
  allows('another after a success', (tale) =>
    twice(tale, (_) => later(_).stack('UPDATE_COMPLETE').passes(1)),
  );
  allows('another a day later', (tale) => twice(tale, (_) => _.passes(24 * HOUR)));
  allows('another after one that failed', (tale) => twice(tale, later, { as: 'FAILED' }));
  allows('another after one that was deleted', (tale) => twice(tale, (_) => _.deletes('backup-1')));
  allows('one of another generation', (tale) => twice(tale, later, {}, { generation: '2' }));
  allows('the same backup for the same token', (tale) => {
    const request = tale.request('Create');
    return tale.takes(request, 'backup-1').takes(request, 'backup-1');
  });
});

about('noKeptBackupIsDeleted', ({ allows, finds }) => {
  finds(
    'the deletion of a backup with RETAIN',
    (tale) => deployed(tale).deletes('backup-1'),
    /backup-1 of Backup was deleted, and its policy is RETAIN/,
  );
  finds(
    'the deletion after a change to RETAIN',
    (tale) => {
      deployed(tale, 'backup-1', DESTROY);
      const request = tale.request('Update', { RemovalPolicy: 'RETAIN' });
      return tale.answers(request, 'backup-1').deletes('backup-1');
    },
    /policy is RETAIN/,
  );
  finds(
    'the deletion of one that the resource had left with RETAIN',
    (tale) => {
      updated(deployed(tale), 'backup-2', { RemovalPolicy: 'RETAIN' }, '2').begins();
      const back = tale.request('Update', DESTROY);
      return tale.takes(back, 'backup-3').answers(back, 'backup-3').deletes('backup-1');
    },
    /backup-1/,
  );
  finds(
    'the deletion of a final backup',
    (tale) => {
      const request = tale.request('Delete', {}, { ResourceType: 'Custom::FsxFinalBackup' });
      return tale.takes(request, 'backup-1').deletes('backup-1');
    },
    /policy is RETAIN/,
  );
  allows('the deletion with DESTROY', (tale) => deployed(tale, 'backup-1', DESTROY).deletes('backup-1'));
  allows('the deletion after a change to DESTROY', (tale) => {
    deployed(tale);
    const request = tale.request('Update', DESTROY);
    return tale.answers(request, 'backup-1').deletes('backup-1');
  });
  const neverHeld = (tale: Tale) => {
    deployed(tale).stack('UPDATE_IN_PROGRESS');
    const slow = tale.request('Update', { Triggers: ['2'] });
    tale.takes(slow, 'backup-2', { generation: '2', ms: 9 * HOUR }).answers(slow, 'backup-1', 'FAILED');
    return tale.answers(tale.request('Update'), 'backup-1').begins();
  };
  allows(
    'the deletion of what the resource never had, since a retry with DESTROY took it up and failed as well',
    (tale) => {
      neverHeld(tale);
      return tale
        .answers(tale.request('Update', { ...DESTROY, Triggers: ['2'] }), 'backup-1', 'FAILED')
        .deletes('backup-2');
    },
  );
  finds(
    'the deletion of what the resource never had, where the retry with DESTROY took another',
    (tale) => {
      neverHeld(tale);
      const retry = tale.request('Update', { ...DESTROY, Triggers: ['2'] });
      return tale
        .takes(retry, 'backup-3', { generation: '2' })
        .answers(retry, 'backup-1', 'FAILED')
        .deletes('backup-2');
    },
    /backup-2 of Backup was deleted, and its policy is RETAIN/,
  );
  allows(
    'the deletion, with DESTROY, of what failed, when the next create took another and failed as well',
    (tale) => {
      const first = tale.request('Create', DESTROY);
      tale
        .takes(first, 'backup-1')
        .answers(first, 'backup-1', 'FAILED')
        .passes(96 * HOUR);
      const second = tale.request('Create', { RemovalPolicy: 'RETAIN' });
      return tale
        .takes(second, 'backup-2')
        .answers(second, 'backup-2', 'FAILED')
        .stack('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS')
        .deletes('backup-1');
    },
  );
  finds(
    'the deletion with DESTROY where the template says RETAIN now',
    (tale) => {
      return updated(
        deployed(tale, 'backup-1', DESTROY),
        'backup-2',
        { RemovalPolicy: 'RETAIN' },
        '2',
      ).deletes('backup-1');
    },
    /policy is DESTROY, and RETAIN now/,
  );
  allows('pruning of a backup with RETAIN where the template says keepLast now', (tale) => {
    return updated(deployed(tale), 'backup-2', keep(1), '2').deletes('backup-1');
  });
  allows('the deletion, with DESTROY, of what a rolled back update has taken', (tale) => {
    deployed(tale);
    const request = tale.request('Update', { ...DESTROY, FileSystemId: 'fs-2' });
    return tale
      .takes(request, 'backup-2', { source: 'fs-2' })
      .stack('UPDATE_ROLLBACK_IN_PROGRESS')
      .deletes('backup-2');
  });
});

about('nothingForeignIsTouched', ({ allows, finds }) => {
  const arn = 'arn:aws:fsx:us-east-1:123456789012:backup/backup-1';
  allows('deletion and tags of its own', (tale) =>
    deployed(tale)
      .call('fsx:TagResource', { ResourceARN: arn, Tags: [{ Key: 'a', Value: 'b' }] })
      .deletes('backup-1'),
  );
  finds(
    'the deletion of another',
    (tale) => deployed(tale).call('fsx:DeleteBackup', { BackupId: 'backup-9' }),
    /DeleteBackup of backup-9/,
  );
  finds(
    'the attempt, too',
    (tale) => deployed(tale).call('fsx:DeleteBackup', { BackupId: 'backup-9' }, { outcome: 'denied' }),
    /backup-9/,
  );
  finds(
    'the deletion of what it took only later',
    (tale) => {
      const request = tale.request('Create');
      return tale.deletes('backup-1').takes(request, 'backup-1');
    },
    /backup-1/,
  );
  finds(
    'tags for another',
    (tale) => deployed(tale).call('fsx:TagResource', { ResourceARN: arn.replace('p-1', 'p-9'), Tags: [] }),
    /TagResource of backup-9/,
  );
  finds(
    'a change of the tags of identity',
    (tale) => {
      return deployed(tale).call('fsx:UntagResource', {
        ResourceARN: arn,
        TagKeys: ['cdk-fsx-backup:generation'],
      });
    },
    /changes cdk-fsx-backup:generation/,
  );
});

about('everyChangeOfWhatIsGuardedIsPrecededByItsBackup', ({ allows, finds }) => {
  const guards = [{ backup: 'Backup', guarded: 'Alpha', isOfGuarded: true }];
  const changed = (tale: Tale) => tale.event('Alpha', 'UPDATE_IN_PROGRESS', { physicalId: 'fs-1' });
  const guarded = (tale: Tale, id = 'backup-2', more: Parameters<Tale['takes']>[2] = {}) => {
    tale.begins({ guards }).stack('UPDATE_IN_PROGRESS');
    const request = tale.request('Update', { Triggers: ['2'] });
    return tale
      .takes(request, id, { generation: '2', ...more })
      .passes(11 * MINUTE)
      .answers(request, id);
  };
  const complete = (tale: Tale) =>
    changed(tale)
      .event('Alpha', 'UPDATE_COMPLETE', { physicalId: 'fs-1' })
      .stack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');

  allows('a change after the backup', (tale) => changed(guarded(tale)));
  allows('a change of something else', (tale) =>
    tale.begins({ guards }).stack('UPDATE_IN_PROGRESS').event('Beta', 'UPDATE_IN_PROGRESS'),
  );
  allows('the way back', (tale) => changed(tale.begins({ guards }).stack('UPDATE_ROLLBACK_IN_PROGRESS')));
  allows('the change of a retry, with the backup of the first attempt', (tale) => {
    complete(guarded(tale)).stack('UPDATE_COMPLETE').begins({ guards });
    guarded(tale, 'backup-3');
    changed(tale).stack('UPDATE_ROLLBACK_IN_PROGRESS').begins({ guards }).stack('UPDATE_IN_PROGRESS');
    return changed(tale.answers(tale.request('Update', { Triggers: ['2'] }), 'backup-3'));
  });
  finds(
    'a change without a backup',
    (tale) => changed(tale.begins({ guards }).stack('UPDATE_IN_PROGRESS')),
    /Alpha is changed, and Backup has no backup/,
  );
  finds(
    'a change although the guard said that there is nothing',
    (tale) => {
      tale.begins({ guards }).stack('UPDATE_IN_PROGRESS');
      return changed(tale.answers(tale.request('Create'), 'none'));
    },
    /has none/,
  );
  const service = [{ backup: 'Backup', guarded: 'Service', isOfGuarded: false }];
  const upgraded = (tale: Tale) => tale.event('Service', 'UPDATE_IN_PROGRESS', { physicalId: 'service' });
  allows('an upgrade of the service while there is no file system to back up', (tale) => {
    tale.begins({ guards: service }).stack('UPDATE_IN_PROGRESS');
    return upgraded(tale.answers(tale.request('Update'), 'none'));
  });
  finds(
    'an upgrade of the service although the guard said long ago that there is nothing',
    (tale) => {
      tale
        .begins({ guards: service })
        .stack('CREATE_IN_PROGRESS')
        .answers(tale.request('Create'), 'none')
        .stack('CREATE_COMPLETE');
      return upgraded(tale.begins({ guards: service }).stack('UPDATE_IN_PROGRESS'));
    },
    /Service is changed, and Backup has none/,
  );
  finds(
    'a change while the backup is running',
    (tale) => changed(guarded(tale, 'backup-2', { ms: HOUR })),
    /backup-2, which is not AVAILABLE/,
  );
  finds(
    'a change after the backup failed',
    (tale) => changed(guarded(tale, 'backup-2', { as: 'FAILED' })),
    /not AVAILABLE/,
  );
  finds(
    'a change after the backup was deleted',
    (tale) => changed(guarded(tale).deletes('backup-2')),
    /not AVAILABLE/,
  );
  finds(
    'a change with a backup of another file system',
    (tale) => changed(guarded(tale, 'backup-2', { source: 'fs-2' })),
    /of fs-2, not of fs-1/,
  );
  finds(
    'a change with the backup of the change before',
    (tale) => {
      complete(guarded(tale)).stack('UPDATE_COMPLETE').begins({ guards }).stack('UPDATE_IN_PROGRESS');
      return changed(tale);
    },
    /backup-2, which is older than the last change/,
  );
});

about('onlyAnOpenRequestOfAForwardDeploymentTakesABackup', ({ allows, finds }) => {
  const inRollback = (tale: Tale, delayed: boolean, ms: number) => {
    tale.stack('UPDATE_IN_PROGRESS');
    const request = tale.request('Update');
    if (delayed) tale.call('fsx:CreateBackup', {}, { outcome: 'fault', error: 'hang' });
    tale
      .passes(1)
      .event('Backup', 'UPDATE_FAILED', { reason: 'Resource update cancelled' })
      .stack('UPDATE_ROLLBACK_IN_PROGRESS')
      .passes(ms);
    return tale.takes(request, 'backup-1');
  };
  allows('a backup for a request', (tale) => deployed(tale));
  allows('a final backup at deletion', (tale) => {
    return tale
      .stack('DELETE_IN_PROGRESS')
      .takes(tale.request('Delete', {}, { ResourceType: 'Custom::FsxFinalBackup' }), 'backup-1');
  });
  allows('a call that hung, and was repeated when the rollback had begun', (tale) =>
    inRollback(tale, true, 6_000),
  );
  finds(
    'one that was repeated later than an invocation lasts',
    (tale) => inRollback(tale, true, 101_000),
    /for a request that had ended 101 s before/,
  );
  finds(
    'a call without delay when the rollback has begun',
    (tale) => inRollback(tale, false, 0),
    /had ended 0 s before, in UPDATE_ROLLBACK_IN_PROGRESS/,
  );
  finds(
    'a backup for a request of the rollback',
    (tale) => {
      return tale.stack('UPDATE_ROLLBACK_IN_PROGRESS').takes(tale.request('Update'), 'backup-1');
    },
    /by Update of Backup on its way back/,
  );
  finds(
    'a backup on the way back of the resource alone',
    (tale) => {
      tale
        .stack('UPDATE_IN_PROGRESS')
        .answers(tale.request('Update'), 'backup-0', 'FAILED')
        .event('Backup', 'UPDATE_FAILED');
      return tale.takes(tale.request('Update'), 'backup-1');
    },
    /on its way back/,
  );
  finds(
    'a backup for a request that was answered',
    (tale) => {
      tale.stack('CREATE_IN_PROGRESS');
      const request = tale.request('Create');
      return tale.answers(request, 'none').passes(MINUTE).takes(request, 'backup-1');
    },
    /had ended 60 s before, in CREATE_IN_PROGRESS/,
  );
  const lateFinal = (tale: Tale) => {
    const request = tale
      .stack('DELETE_IN_PROGRESS')
      .request('Delete', {}, { ResourceType: 'Custom::FsxFinalBackup' });
    tale
      .takes(request, 'backup-1', { ms: 1, as: 'FAILED' })
      .passes(MINUTE)
      .answers(request, 'final-fs-1', 'FAILED');
    return tale.passes(MINUTE).takes(request, 'backup-2');
  };
  allows(
    'a final backup once more, late, where FSx forgets the token of the one that has failed',
    lateFinal,
    { forgetsFailed: true },
  );
  finds(
    'a final backup once more, late',
    lateFinal,
    /for a request that had ended 60 s before, in DELETE_IN_PROGRESS/,
  );
  finds(
    'a backup by the deletion of another',
    (tale) => tale.stack('DELETE_IN_PROGRESS').takes(tale.request('Delete'), 'backup-1'),
    /by Delete of Backup/,
  );
  finds(
    "a token that is not the request's",
    (tale) => tale.takes(tale.request('Create'), 'backup-1', { token: 'random' }),
    /a token of no request/,
  );
});

about('nothingIsLeftOfWhatIsToBeDestroyed', ({ allows, finds }) => {
  const failedAttempt = (tale: Tale, more: Parameters<Tale['takes']>[2] = {}) => {
    deployed(tale, 'backup-1', DESTROY).stack('UPDATE_IN_PROGRESS');
    tale
      .takes(tale.request('Update', { ...DESTROY, Triggers: ['2'] }), 'backup-2', {
        generation: '2',
        ...more,
      })
      .stack('UPDATE_ROLLBACK_IN_PROGRESS');
    return tale.answers(tale.request('Update', DESTROY), 'backup-1').stack('UPDATE_ROLLBACK_COMPLETE');
  };
  allows('what the resource of a stack holds', (tale) => deployed(tale, 'backup-1', DESTROY));
  allows('what is kept', (tale) => deployed(tale).stack('DELETE_COMPLETE'));
  allows('what has become one to keep', (tale) => {
    deployed(tale, 'backup-1', DESTROY);
    return tale
      .answers(tale.request('Update', { RemovalPolicy: 'RETAIN', Triggers: ['2'] }), 'backup-2')
      .stack('DELETE_COMPLETE');
  });
  allows('with rollback disabled, what a failed attempt has taken', (tale) =>
    failedAttempt(tale.begins({ disableRollback: true })),
  );
  allows('what a failed attempt has taken, as long as its rollback has failed, too', (tale) =>
    failedAttempt(tale).stack('UPDATE_ROLLBACK_FAILED'),
  );
  allows(
    'what is left of a failed backup that FSx does not delete',
    (tale) => failedAttempt(tale, { as: 'FAILED' }),
    { keepsFailed: true },
  );
  allows('what FSx refuses to delete for an hour', (tale) => {
    const refused = (_: Tale) =>
      _.call(
        'fsx:DeleteBackup',
        { BackupId: 'backup-2' },
        { outcome: 'error', error: 'BackupInProgress: no' },
      );
    return refused(refused(failedAttempt(tale)).passes(55 * MINUTE));
  });
  finds(
    'what is left of a stack that is gone',
    (tale) => deployed(tale, 'backup-1', DESTROY).stack('DELETE_COMPLETE'),
    /backup-1 of Backup is left/,
  );
  finds('what a failed attempt has taken', (tale) => failedAttempt(tale), /backup-2 of Backup is left/);
  finds(
    'what is left of a failed backup',
    (tale) => failedAttempt(tale, { as: 'FAILED' }),
    /backup-2 of Backup is left/,
  );
});

about('pruningSparesTheNewest', ({ allows, finds }) => {
  const three = (tale: Tale, n = 2) => {
    updated(deployed(tale, 'backup-1', keep(n)), 'backup-2', keep(n), '2')
      .stack('UPDATE_COMPLETE')
      .begins();
    return updated(tale, 'backup-3', keep(n), '3');
  };
  allows('the deletion of the oldest in the cleanup', (tale) => three(tale).deletes('backup-1'));
  allows('the deletion of what is left of a failed one, at any time', (tale) => {
    const request = tale.stack('CREATE_IN_PROGRESS').request('Create', keep(1));
    return tale
      .takes(request, 'backup-1', { as: 'FAILED' })
      .passes(11 * MINUTE)
      .deletes('backup-1');
  });
  finds(
    'the deletion of one of the newest',
    (tale) => three(tale).deletes('backup-2'),
    /although it was one of the newest 2/,
  );
  finds(
    'the deletion of one too many',
    (tale) => three(tale).deletes('backup-1').deletes('backup-2'),
    /backup-2 .* one of the newest 2/,
  );
  finds(
    'the deletion in a rollback',
    (tale) => three(tale).stack('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS').deletes('backup-1'),
    /deleted in UPDATE_ROLLBACK/,
  );
  finds(
    'the deletion with the stack',
    (tale) => three(tale).stack('DELETE_IN_PROGRESS').deletes('backup-1'),
    /deleted in DELETE_IN_PROGRESS/,
  );
  finds(
    'the deletion of what the resource holds',
    (tale) => {
      three(tale, 1).answers(tale.request('Update', keep(1)), 'backup-2'); // as after a rollback
      return tale.deletes('backup-2');
    },
    /although the resource holds it/,
  );
  finds(
    'the deletion of what is running',
    (tale) => {
      deployed(tale, 'backup-1', keep(1)).stack('UPDATE_IN_PROGRESS');
      const slow = tale.request('Update', { ...keep(1), Triggers: ['2'] });
      tale
        .takes(slow, 'backup-2', { generation: '2', ms: 9 * HOUR })
        .answers(slow, 'backup-2', 'FAILED')
        .begins();
      return updated(tale, 'backup-3', keep(1), '3').deletes('backup-2');
    },
    /while it was running/,
  );
  finds(
    'the deletion when the resource keeps all again',
    (tale) => {
      updated(deployed(tale, 'backup-1', keep(1)), 'backup-2', keep(1), '2').begins();
      return updated(tale, 'backup-3', {}, '3').deletes('backup-1');
    },
    /although its resource says RETAIN now/,
  );
});

about('pruningLeavesNoMore', ({ allows, finds }) => {
  const pruned = (tale: Tale, isUndisturbed = true, ms?: number) => {
    deployed(tale, 'backup-1', keep(1)).begins({ isUndisturbed });
    return updated(tale, 'backup-2', keep(1), '2', ms);
  };
  allows('so many', (tale) => pruned(tale).deletes('backup-1').stack('UPDATE_COMPLETE'));
  allows('one that is being restored', (tale) => pruned(tale).isBusy('backup-1').stack('UPDATE_COMPLETE'));
  allows('the last that was finished, where the new one was not yet', (tale) =>
    pruned(tale, true, 0)
      .passes(11 * MINUTE)
      .stack('UPDATE_COMPLETE'),
  );
  allows('more, where something was in the way', (tale) => pruned(tale, false).stack('UPDATE_COMPLETE'));
  finds(
    'more',
    (tale) => pruned(tale).stack('UPDATE_COMPLETE'),
    /backup-1 of Backup was not pruned, and keepLast is 1/,
  );
});

about('whatHasAFinalBackupIsNotDeletedWithoutIt', ({ allows, finds }) => {
  const final = { ResourceType: 'Custom::FsxFinalBackup', LogicalResourceId: 'Final' };
  const standing = (tale: Tale) =>
    tale
      .stack('CREATE_IN_PROGRESS')
      .answers(tale.request('Create', {}, final), 'final-fs-1')
      .stack('CREATE_COMPLETE')
      .begins();
  const gone = (tale: Tale) =>
    tale.event('Alpha', 'DELETE_IN_PROGRESS', { type: 'AWS::FSx::FileSystem', physicalId: 'fs-1' });
  const taken = (tale: Tale, more: Parameters<Tale['takes']>[2] = {}) => {
    const request = tale.request('Delete', {}, { ...final, PhysicalResourceId: 'final-fs-1' });
    return tale
      .takes(request, 'backup-1', more)
      .passes(11 * MINUTE)
      .answers(request, 'final-fs-1');
  };
  allows('a deletion after the backup', (tale) => gone(taken(standing(tale).stack('DELETE_IN_PROGRESS'))));
  allows('a deletion in a rollback', (tale) =>
    gone(standing(tale).stack('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS')),
  );
  allows('the deletion of something else', (tale) => {
    return standing(tale)
      .stack('DELETE_IN_PROGRESS')
      .event('Beta', 'DELETE_IN_PROGRESS', { type: 'AWS::FSx::FileSystem', physicalId: 'fs-2' });
  });
  allows('a deletion long after the final backup was removed', (tale) => {
    return gone(
      taken(standing(tale).stack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'), { source: 'fs-9' })
        .begins()
        .stack('DELETE_IN_PROGRESS'),
    );
  });
  allows('a deletion when CloudFormation has abandoned the final backup in a cleanup', (tale) => {
    return gone(standing(tale).stack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS').event('Final', 'DELETE_FAILED'));
  });
  finds(
    'a deletion without',
    (tale) => gone(standing(tale).stack('DELETE_IN_PROGRESS')),
    /fs-1 is deleted, and Final has no backup of it/,
  );
  finds(
    'a deletion while it is running',
    (tale) => gone(taken(standing(tale).stack('DELETE_IN_PROGRESS'), { ms: HOUR })),
    /has no backup of it/,
  );
  finds(
    'a deletion after it failed',
    (tale) => gone(taken(standing(tale).stack('DELETE_IN_PROGRESS'), { as: 'FAILED' })),
    /has no backup of it/,
  );
  finds(
    'a deletion with a backup of something else',
    (tale) => gone(taken(standing(tale).stack('DELETE_IN_PROGRESS'), { source: 'fs-2' })),
    /has no backup of it/,
  );
});

about('successMeansAvailable', ({ allows, finds }) => {
  const told = (
    tale: Tale,
    ms: number,
    properties: Record<string, unknown> = {},
    more: Parameters<Tale['takes']>[2] = {},
  ) => {
    const request = tale.stack('CREATE_IN_PROGRESS').request('Create', properties);
    return tale.takes(request, 'backup-1', more).passes(ms).answers(request, 'backup-1');
  };
  allows('success when it is AVAILABLE', (tale) => told(tale, 10 * MINUTE));
  allows('success at once for who does not wait', (tale) => told(tale, 0, { WaitUntil: 'STARTED' }));
  allows('success at once where a wait condition waits', (tale) =>
    told(tale, 0, { WaitHandle: 'https://a' }),
  );
  allows('none', (tale) => tale.answers(tale.stack('CREATE_IN_PROGRESS').request('Create'), 'none'));
  allows('the way back, to whatever there is', (tale) =>
    tale.answers(tale.stack('UPDATE_ROLLBACK_IN_PROGRESS').request('Update'), 'backup-9'),
  );
  const failedElsewhere = (tale: Tale, id: string) => {
    told(tale, 0, { WaitHandle: 'https://a' }, { as: 'FAILED' })
      .passes(10 * MINUTE)
      .signals('Handle', id, 'FAILURE')
      .stack('UPDATE_IN_PROGRESS');
    const again = { OldResourceProperties: { WaitHandle: 'https://a' }, PhysicalResourceId: 'backup-1' };
    return tale.answers(tale.request('Update', { WaitHandle: 'https://a' }, again), 'backup-1');
  };
  allows('success where the wait condition was told of the failure', (tale) =>
    failedElsewhere(tale, 'backup-1'),
  );
  finds(
    'success where the wait condition was told of the failure of another',
    (tale) => failedElsewhere(tale, 'backup-2'),
    /Backup was told of success with backup-1/,
  );
  finds(
    'success too early',
    (tale) => told(tale, 9 * MINUTE),
    /Backup was told of success with backup-1, which is not AVAILABLE/,
  );
  finds(
    'success with a failed one',
    (tale) => told(tale, 11 * MINUTE, {}, { as: 'FAILED' }),
    /not AVAILABLE/,
  );
  finds(
    'success with none that there is',
    (tale) => tale.answers(tale.stack('CREATE_IN_PROGRESS').request('Create'), 'backup-9'),
    /backup-9/,
  );
  allows('a signal that comes when the wait condition is gone, and so is the backup', (tale) => {
    return told(tale, 0, { WaitHandle: 'https://a' })
      .event('Handle', 'DELETE_COMPLETE')
      .signals('Handle', 'backup-1');
  });
  finds(
    'a signal too early',
    (tale) => told(tale, 0, { WaitHandle: 'https://a' }).signals('Handle', 'backup-1'),
    /Handle was told of success with backup-1/,
  );
});

about('noneMeansThatNothingIsDeployed', ({ allows, finds }) => {
  const deployedSource = { FileSystemId: undefined, DeployedFileSystem: 'Alpha' };
  const there = (tale: Tale) =>
    tale.event('Alpha', 'CREATE_COMPLETE', { physicalId: 'fs-1' }).stack('UPDATE_IN_PROGRESS');
  allows('none where there is nothing', (tale) =>
    tale.answers(tale.stack('CREATE_IN_PROGRESS').request('Create', deployedSource), 'none'),
  );
  allows('none again where only tags change', (tale) => {
    return there(tale).answers(
      tale.request('Update', deployedSource, {
        PhysicalResourceId: 'none',
        OldResourceProperties: deployedSource,
      }),
      'none',
    );
  });
  finds(
    'none where there is something',
    (tale) => there(tale).answers(tale.request('Create', deployedSource), 'none'),
    /Backup has no backup although Alpha is fs-1/,
  );
  finds(
    'none where the source has an id',
    (tale) => tale.answers(tale.request('Create'), 'none'),
    /although its source has an id/,
  );
});

about('noRollbackFailsForABackup', ({ allows, finds }) => {
  const fails = (tale: Tale, type: string) => tale.event('Backup', 'DELETE_FAILED', { type, reason: 'no' });
  allows('a failure on the way forward', (tale) =>
    fails(tale.stack('DELETE_IN_PROGRESS'), 'Custom::FsxBackup'),
  );
  allows('the failure of something else', (tale) =>
    fails(tale.stack('ROLLBACK_IN_PROGRESS'), 'AWS::FSx::FileSystem'),
  );
  allows('a deletion that FSx refused all the time', (tale) => {
    const refused = (_: Tale) =>
      _.call(
        'fsx:DeleteBackup',
        { BackupId: 'backup-1' },
        { outcome: 'error', error: 'BackupInProgress: no' },
      );
    return fails(
      refused(refused(deployed(tale).stack('ROLLBACK_IN_PROGRESS')).passes(55 * MINUTE)),
      'Custom::FsxBackup',
    );
  });
  finds(
    'a failure',
    (tale) => fails(tale.stack('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'), 'Custom::FsxBackup'),
    /Backup failed in UPDATE_ROLLBACK/,
  );
});

about('anUndisturbedDeploymentSucceeds', ({ allows, finds }) => {
  allows('success', (tale) => tale.begins({ isUndisturbed: true, outcome: 'UPDATE_COMPLETE' }));
  allows('failure, where something was in the way', (tale) =>
    tale.begins({ outcome: 'UPDATE_ROLLBACK_COMPLETE' }),
  );
  finds(
    'failure',
    (tale) => tale.begins({ isUndisturbed: true, outcome: 'UPDATE_ROLLBACK_COMPLETE' }),
    /it ended with UPDATE_ROLLBACK_COMPLETE/,
  );
});

about('nothingGoesOnForEver', ({ allows, finds }) => {
  allows('executions that end', (tale) => tale.execution('one', 'RUNNING').execution('one', 'SUCCEEDED'));
  finds(
    'one that does not',
    (tale) => tale.execution('one', 'RUNNING').execution('two', 'SUCCEEDED'),
    /execution one has not ended/,
  );
});

test('each invariant is tested here', () => {
  expect([...tested].sort()).toEqual(Object.keys(FIRST_DESIGN).sort());
});

test('a violation tells which invariant, what, and where', () => {
  const tale = deployed(new Tale()).deletes('backup-1');
  expect(violationsOf(FIRST_DESIGN, tale.history())).toEqual([
    {
      invariant: 'noKeptBackupIsDeleted',
      index: 5,
      what: 'backup-1 of Backup was deleted, and its policy is RETAIN',
    },
  ]);
});
