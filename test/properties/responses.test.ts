import { testsOf } from './about';
import { RESPONSES } from './responses';
import { deployed, HOUR, MINUTE, type Tale } from './tale';

/* Of each invariant about responses: what it allows, and that it can be violated. */

const { about, tested } = testsOf(RESPONSES);

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
  /** The link behind it, with another three hours, or as the last one. */
  const goesOn = (tale: Tale, ms: number, BackupLifecycle = 'CREATING', TimeoutSeconds = '3300') => {
    const properties = { BackupId: 'backup-1', BackupLifecycle, TimeoutSeconds };
    const more = { ResourceType: 'Custom::FsxBackupContinuation', LogicalResourceId: 'Continuation' };
    const request = tale.request('Create', properties, more);
    return tale.passes(ms).answers(request, 'continuation-Continuation');
  };
  const LONG = { TimeoutSeconds: '21600' };
  const HOURS = { ms: 3 * HOUR };
  allows('success when it is AVAILABLE', (tale) => told(tale, 10 * MINUTE));
  allows('success while it runs, with a continuation behind it', (tale) => told(tale, HOUR, LONG, HOURS));
  allows('success of a link that has another behind it', (tale) =>
    goesOn(told(tale, HOUR, LONG, HOURS), HOUR, 'CREATING', '14400'),
  );
  allows('success of the last link when it is AVAILABLE', (tale) =>
    goesOn(told(tale, HOUR, LONG, HOURS), 2 * HOUR),
  );
  allows('success of a link that was told of a failure', (tale) =>
    goesOn(told(tale, 0, LONG, { as: 'FAILED' }), HOUR, 'FAILED'),
  );
  allows('none', (tale) => tale.answers(tale.stack('CREATE_IN_PROGRESS').request('Create'), 'none'));
  allows('the way back, to whatever there is', (tale) =>
    tale.answers(tale.stack('UPDATE_ROLLBACK_IN_PROGRESS').request('Update'), 'backup-9'),
  );
  const after = (tale: Tale, properties: Record<string, unknown>) => {
    deployed(tale).person('delete', 'backup-1').stack('UPDATE_IN_PROGRESS');
    const OldResourceProperties = { FileSystemId: 'fs-1' };
    const more = { PhysicalResourceId: 'backup-1', OldResourceProperties };
    return tale.answers(tale.request('Update', properties, more), 'backup-1');
  };
  allows('an Update of tags when a person has deleted it', (tale) => after(tale, { Tags: [] }));
  finds(
    'the same if the Update asks for another',
    (tale) => after(tale, { Triggers: ['2'] }),
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
    'success with a failed one, with a continuation behind it',
    (tale) => told(tale, 11 * MINUTE, LONG, { as: 'FAILED' }),
    /not AVAILABLE/,
  );
  finds(
    'success of the last link too early',
    (tale) => goesOn(told(tale, HOUR, LONG, HOURS), HOUR),
    /Continuation was told of success with backup-1/,
  );
  finds(
    'success with none that there is',
    (tale) => tale.answers(tale.stack('CREATE_IN_PROGRESS').request('Create'), 'backup-9'),
    /backup-9/,
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
  expect([...tested].sort()).toEqual(Object.keys(RESPONSES).sort());
});
