import { testsOf } from './about';
import { DELETIONS } from './deletions';
import { HOLD } from './history';
import { deployed, HOUR, MINUTE, type Tale, updated } from './tale';

/* Of each invariant about deletions: what it allows, and that it can be violated. */

const { about, tested } = testsOf(DELETIONS);
const DESTROY = { RemovalPolicy: 'DESTROY' };

about('onlyItsOwnIsDeletedOrTagged', ({ allows, finds }) => {
  const tag = (tale: Tale, key: string) => {
    const input = { ResourceARN: 'arn:aws:fsx:::backup/backup-1', Tags: [{ Key: key, Value: 'x' }] };
    return tale.call('fsx:TagResource', input);
  };
  allows('a tag of the user, and the removal', (tale) => {
    tag(deployed(tale), 'team');
    return tag(tale, 'cdk-fsx-backup:removal');
  });
  allows('an attempt that IAM denies', (tale) =>
    tale.call('fsx:DeleteBackup', { BackupId: 'backup-9' }, { outcome: 'denied' }),
  );
  finds('the deletion of a foreign backup', (tale) => deployed(tale).deletes('backup-9'), /did not take/);
  finds(
    'a change of the tags that say whose it is',
    (tale) => tag(deployed(tale), 'cdk-fsx-backup:generation'),
    /changes cdk-fsx-backup:generation/,
  );
});

about('nothingHeldIsDeleted', ({ allows, finds }) => {
  allows('the deletion of what was replaced', (tale) =>
    updated(deployed(tale), 'backup-2').deletes('backup-1'),
  );
  finds(
    'the deletion of what the resource holds',
    (tale) => updated(deployed(tale), 'backup-2').deletes('backup-2'),
    /backup-2 was deleted, and Backup holds it/,
  );
});

about('nothingOnHoldIsDeleted', ({ allows, finds }) => {
  const held = (tale: Tale) => updated(deployed(tale), 'backup-2').person('tag', 'backup-1', HOLD);
  allows('the deletion of a backup without it', (tale) => held(tale).deletes('backup-2'));
  finds('the deletion of one with it', (tale) => held(tale).deletes('backup-1'), /backup-1 .* bears hold/);
});

about('theLastCopyOfAnotherSourceStays', ({ allows, finds }) => {
  allows('the deletion of an older backup of the same source', (tale) =>
    updated(deployed(tale), 'backup-2').deletes('backup-1'),
  );
  allows('its deletion with the stack', (tale) => {
    updated(deployed(tale), 'backup-2', { FileSystemId: 'fs-2' }).stack('UPDATE_COMPLETE');
    return tale.begins().stack('DELETE_IN_PROGRESS').deletes('backup-1');
  });
  allows('its deletion after a person deleted the backup that the resource holds', (tale) => {
    updated(deployed(tale), 'backup-2', { FileSystemId: 'fs-2' });
    return tale.person('delete', 'backup-2').deletes('backup-1');
  });
  finds(
    'the deletion of the only backup of the former source',
    (tale) => updated(deployed(tale), 'backup-2', { FileSystemId: 'fs-2' }).deletes('backup-1'),
    /backup-1 was deleted, the last copy of fs-1; Backup holds one of fs-2/,
  );
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
      updated(deployed(tale), 'backup-2', { RemovalPolicy: 'RETAIN' }).begins();
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
    'the deletion of what the resource never had, since a retry with DESTROY continued it and failed as well',
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
      return updated(deployed(tale, 'backup-1', DESTROY), 'backup-2', { RemovalPolicy: 'RETAIN' }).deletes(
        'backup-1',
      );
    },
    /policy is DESTROY, and RETAIN now/,
  );
  allows('pruning of a backup with RETAIN where the template says keepLast now', (tale) => {
    return updated(deployed(tale), 'backup-2', { KeepLast: '1' }).deletes('backup-1');
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

test('each invariant is tested here', () => {
  expect([...tested].sort()).toEqual(Object.keys(DELETIONS).sort());
});
