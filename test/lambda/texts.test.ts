import { requestFor } from './mocked-aws';
import { InvalidRequest, SourceBusy } from '../../lambda/errors';
import { addressOf } from '../../lambda/event';
import { readable } from '../../lambda/response';
import { runOf } from '../../lambda/run-input';
import * as texts from '../../lambda/texts';
import {
  awsError,
  BACKUP,
  createEvent,
  deleteEvent,
  RUN,
  FILE_SYSTEM,
  updateEvent,
} from '../fixtures/events';

/** The errors of the calls that the handler makes, as the API reference of Amazon FSx has them. */
const ERRORS = {
  CreateBackup: [
    'BackupInProgress',
    'BadRequest',
    'FileSystemNotFound',
    'IncompatibleParameterError',
    'InternalServerError',
    'ServiceLimitExceeded',
    'UnsupportedOperation',
    'VolumeNotFound',
  ],
  DescribeFileSystems: ['BadRequest', 'FileSystemNotFound', 'InternalServerError'],
  DescribeVolumes: ['BadRequest', 'InternalServerError', 'VolumeNotFound'],
  any: ['AccessDeniedException', 'ThrottlingException', 'ValidationException', 'ExpiredTokenException'],
};
const DELETION = [
  'BackupBeingCopied',
  'BackupInProgress',
  'BackupRestoring',
  'BadRequest',
  'InternalServerError',
];
const names = [...new Set(Object.values(ERRORS).flat())];
const remedy = (name: string, isDeleting = false) =>
  texts.sayObstacle(awsError(name, 'why'), isDeleting).replace(`${name}: why. `, '');

describe('every error of FSx has its own remedy', () => {
  test.each(names)('%s', (name) => {
    expect(remedy(name)).toMatch(/try again|Check|Delete|FSx cannot back this up/i);
    expect(remedy(name)).not.toMatch(/See the log of the FsxBackupProvider/);
  });

  test('that is no other’s', () => {
    expect(new Set(names.map((name) => remedy(name))).size).toBeGreaterThanOrEqual(names.length - 1);
    expect(remedy('InternalServerError')).toBe(remedy('ThrottlingException'));
  });

  test.each(DELETION)('%s at a deletion', (name) => {
    expect(remedy(name, true)).toMatch(/try again/i);
    expect(remedy(name, true)).not.toMatch(/Check that the source/);
  });

  test('the quota that is used up is named', () => {
    const Limit = 'TOTAL_USER_INITIATED_BACKUPS';
    const error = awsError('ServiceLimitExceeded', 'too many', { Limit });
    expect(texts.sayObstacle(error)).toMatch(
      /The quota TOTAL_USER_INITIATED_BACKUPS of this account and Region/,
    );
  });

  test('a mistake of the handler is in the log', () => {
    expect(texts.sayObstacle(new TypeError('x'))).toMatch(/See the log of the FsxBackupProvider, fix the/);
  });

  test('what is wrong with the request is not in the log', () => {
    const problem = new InvalidRequest('it is odd; make it even');
    expect(texts.sayObstacle(problem)).toBe('it is odd; make it even. Then try again.');
  });
});

const longest = 'x'.repeat(255);
const run = (input: object) => runOf({ source: FILE_SYSTEM, ...input }, RUN);
const asFinal = { ...deleteEvent(`final-${FILE_SYSTEM}`), ResourceType: 'Custom::FsxFinalBackup' };
const told = {
  BackupId: BACKUP,
  BackupLifecycle: 'CREATING',
  BackupCreationTime: '',
  TimeoutSeconds: '3300',
};
const link = requestFor({ ...createEvent(told), ResourceType: 'Custom::FsxBackupContinuation' });
const requests = {
  'a backup': requestFor(createEvent()),
  'a backup with DESTROY': requestFor(createEvent({ RemovalPolicy: 'DESTROY' })),
  'an update': requestFor(updateEvent(BACKUP)),
  'a deletion': requestFor(deleteEvent(BACKUP)),
  'a final backup': requestFor(asFinal),
  'a final backup to come': requestFor({ ...createEvent(), ResourceType: 'Custom::FsxFinalBackup' }),
  'a link': link,
  'a run': run({}),
};
const waiting = { phase: 'Waiting', backupId: BACKUP, since: 0, seen: { lifecycle: 'CREATING', percent: 3 } };
const notFinished = (request: any, more: object = {}) =>
  texts.notFinished(request, { ...waiting, ...more } as any, 55);

const obstacles = [
  ...names.map((name) => texts.sayObstacle(awsError(name, longest))),
  ...DELETION.map((name) => texts.sayObstacle(awsError(name, longest), true)),
  texts.sayObstacle(new SourceBusy(longest)),
  texts.sayObstacle(new InvalidRequest(longest)),
  texts.sayObstacle(new TypeError(longest)),
];
const ofEach = (text: (request: any, obstacle: string) => string) =>
  Object.values(requests).flatMap((request) => ['', ...obstacles].map((obstacle) => text(request, obstacle)));
const failed = [{ Message: longest }, undefined].map((details) =>
  texts.whyFailed(FILE_SYSTEM, BACKUP, details),
);

/** Each of the texts, by the function that makes it; not those that are only the beginning of one. */
const all: Record<Exclude<keyof typeof texts, 'purposeOf' | 'whyFailed'>, string[]> = {
  sayObstacle: obstacles,
  failedAndKept: failed.map((why) => texts.failedAndKept(why, BACKUP)),
  failedAndDeleted: failed.map(texts.failedAndDeleted),
  failedAndLeft: failed.map((why) => texts.failedAndLeft(why, BACKUP, '')),
  backupVanished: [texts.backupVanished(longest, BACKUP)],
  FAILED_LINK: [texts.FAILED_LINK],
  notTaken: [texts.notTaken({ logicalId: longest })],
  notFinished: [
    ...Object.values(requests).map((request) => notFinished(request)),
    notFinished(requests['a backup'], { operation: { isNewStack: true } }),
    notFinished(requests['an update'], { isKept: true }),
  ],
  notPossible: ofEach((request, obstacle) => texts.notPossible(request, 55, obstacle)),
  notDone: ofEach(texts.notDone),
  notPossibleAtDeletion: [texts.notPossibleAtDeletion(FILE_SYSTEM, longest)],
  notUsable: refusals(),
  notDeleted: [texts.notDeleted(FILE_SYSTEM, longest, longest)],
  crashed: [texts.crashed('Sandbox.Timedout')],
};

/** Of requests and of inputs of runs. */
function refusals(): string[] {
  const problemOf = (parse: () => unknown): InvalidRequest => {
    try {
      return (parse() as any).problem;
    } catch (problem: any) {
      return problem;
    }
  };
  const refusal = (isRun: boolean) => (parse: () => unknown) =>
    texts.notUsable('No backup was taken', problemOf(parse), isRun);
  const bad = [
    { FileSystemId: 7 },
    { Tags: 7 },
    { Triggers: 7 },
    { KeepLast: 0 },
    { SchemaVersion: '2' },
  ].map((changes) => () => requestFor(createEvent(changes)));
  const odd = { LogicalResourceId: '../x' };
  const large = { ResourceProperties: { Tags: 'x'.repeat(100_001) } };
  return [
    ...bad.map(refusal(false)),
    ...[odd, large].map((more) => () => addressOf({ ...createEvent(), ...more } as any)).map(refusal(false)),
    ...['source', 'series', 'tags', 'keepLast', 'x']
      .map((name) => () => run({ [name]: [] }))
      .map(refusal(true)),
  ];
}

describe('each text is printable and under 1 KB', () => {
  test.each(Object.entries(all))('and a sentence: %s', (_, made) => {
    expect(made).not.toEqual([]);
    for (const text of made) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
      expect(text).toBe(readable(text));
      expect(text).toMatch(/^[\x20-\x7e]+[.)]$/);
      expect(text).not.toMatch(/undefined|null|NaN|\[object|\s\s/);
    }
  });
});

describe('each text ends with what to do', () => {
  const VERBS =
    'allow|back up|check|correct|create|delete|deploy|fix|give|retain|retry|roll back|see|start|try again';
  const INSTRUCTION = new RegExp(`^(or |then )?(${VERBS})\\b`, 'i');
  const lastOf = (text: string) => text.split(/(?<=\.) (?=[A-Z])/).at(-1)!;
  const wrongIn = (made: readonly string[]) =>
    made.map(lastOf).filter((last) => !last.split(/[:;,] /).some((part) => INSTRUCTION.test(part)));

  test.each(Object.entries(all))('%s', (_, made) => {
    expect(wrongIn(made)).toEqual([]);
  });

  test('which is told from what happened', () => {
    expect(
      wrongIn(['Try again. It goes on.', 'The log of the FsxBackupProvider has the details.']),
    ).toHaveLength(2);
  });

  test('also if it is not known what failed', () => {
    expect(wrongIn([readable('')])).toEqual([]);
  });

  test('which is not cut off if FSx and the error say much', () => {
    const [why] = failed;
    const text = readable(
      texts.failedAndLeft(why, BACKUP, texts.sayObstacle(awsError('X', 'y'.repeat(400)))),
    );
    expect(text).toContain(`delete it with aws fsx delete-backup --backup-id ${BACKUP}.`);
  });
});

describe('a backup that is not finished in time says what becomes of it', () => {
  test.each<[keyof typeof requests, RegExp]>([
    [
      'a backup',
      /It goes on: deploy again, and the deployment continues with it\. Or allow more time with `timeout`/,
    ],
    ['a backup with DESTROY', /It is deleted with the rollback, as the removal policy DESTROY says/],
    ['a final backup', /It goes on\. Delete again when it is finished\.$/],
    ['a link', /It goes on: deploy again, and the deployment continues with it\.$/],
    [
      'a run',
      /It goes on\. Retry: the next run waits for its end, and then takes a backup of its own\. Or allow/,
    ],
  ])('%s', (name, sequel) => {
    expect(notFinished(requests[name])).toMatch(sequel);
    expect(notFinished(requests[name])).toMatch(/is not finished after 55 min \(CREATING, 3 %\)\. It /);
  });

  test('of a stack that is created, it cannot be continued', () => {
    expect(notFinished(requests['a backup'], { operation: { isNewStack: true } })).toMatch(
      /that is another stack\. Create the stack without the backup and add it then\./,
    );
  });

  test('that the resource had before, it stays', () => {
    expect(notFinished(requests['an update'], { isKept: true })).toMatch(
      /stays this resource's backup: deploy again to wait for it\./,
    );
  });

  test('without progress', () => {
    expect(notFinished(requests['a link'], { seen: { lifecycle: 'PENDING' } })).toMatch(
      new RegExp(`^Backup ${BACKUP} is not finished after 55 min \\(PENDING\\)`),
    );
  });
});

describe('more time', () => {
  const longer = /Or allow more time with `timeout`\.$/;

  test('is advised if there is more', () => {
    expect(texts.notPossible(requests['a backup'], 5, '')).toMatch(longer);
    expect(texts.notPossible(run({ timeout: 43_200 }), 5, '')).toMatch(longer);
  });

  test('is not advised if there is none', () => {
    const most = requestFor(createEvent({ TimeoutSeconds: '43200' }));
    expect(texts.notPossible(most, 5, '')).not.toMatch(longer);
    expect(texts.notPossible(run({ timeout: 604_800 }), 5, '')).not.toMatch(longer);
    for (const name of ['a deletion', 'a final backup', 'a final backup to come', 'a link'] as const) {
      expect(texts.notPossible(requests[name], 5, '')).not.toMatch(longer);
    }
  });
});

test.each<[keyof typeof requests, string]>([
  ['a backup', `Backing up ${FILE_SYSTEM}`],
  ['a deletion', `Deleting ${BACKUP}`],
  ['a final backup', `Backing up ${FILE_SYSTEM}`],
  ['a final backup to come', `Checking ${FILE_SYSTEM}`],
  ['a link', `Waiting for ${BACKUP}`],
  ['a run', `Backing up ${FILE_SYSTEM}`],
])('the purpose of %s is %s', (name, purpose) => {
  expect(texts.purposeOf(requests[name])).toBe(purpose);
});
