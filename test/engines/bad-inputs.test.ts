import { NOBODY, type Seen, Target } from './bad-inputs-world';
import { evidence } from './evidence';
import { FOREIGN_EVENTS, HOSTILE, WRONG_TYPES } from './hostile';
import { wrongWith } from './user-text';

type Values = Record<string, unknown>;

const ALL: Values = { missing: undefined, ...HOSTILE };
const without = (...allowed: string[]): Values =>
  Object.fromEntries(Object.entries(ALL).filter(([what]) => !allowed.includes(what)));
const { 'a list': list, ...NO_LISTS } = WRONG_TYPES;
const TYPES = ['Create', 'Update', 'Delete'] as const;
type RequestType = (typeof TYPES)[number];
/** What a physical id could be. */
const PRINTABLE = Object.entries(HOSTILE)
  .filter(([, value]) => typeof value === 'string' && /^[ -~]{1,1024}$/.test(value))
  .map(([what]) => what);

let target: Target;
let requests = 0;
beforeAll(async () => {
  target = await Target.begin();
});
afterAll(() => target.end());

/**
 * A request like CloudFormation's; what it updates or deletes is a backup of somebody else that looks like
 * the stack's own.
 */
function request(type: RequestType, changes: Values = {}, properties: Values = {}) {
  return likeIt(target.request, type, { PhysicalResourceId: target.foreign[0].id, ...changes }, properties);
}

/** For the last link of the chain behind a backup. */
function linkRequest(type: RequestType, properties: Values) {
  const PhysicalResourceId = 'continuation-BackupContinuation';
  return likeIt(target.linkRequest, type, { PhysicalResourceId }, properties);
}

function finalRequest(type: RequestType, changes: Values, properties: Values = {}) {
  const PhysicalResourceId = `final-${target.fileSystemId}`;
  return likeIt(target.finalRequest, type, { PhysicalResourceId, ...changes }, properties);
}

function likeIt(original: any, RequestType: RequestType, changes: Values, properties: Values) {
  const { ResourceProperties, ...rest } = original;
  const { PhysicalResourceId, ...others } = changes;
  return {
    ...rest,
    RequestType,
    RequestId: `b56ca1e5-0000-4000-8000-${++requests}`,
    ResponseURL: target.responseUrl(),
    ...(RequestType !== 'Create' && { PhysicalResourceId }),
    ...(RequestType === 'Update' && { OldResourceProperties: ResourceProperties }),
    ResourceProperties: { ...ResourceProperties, TimeoutSeconds: '120', ...properties },
    ...others,
  };
}

/** Whatever the input: it ends, no backup is taken or touched, and no secret gets out. */
function isHarmless(input: string, { touched, answers, hours, log }: Seen): void {
  const isLarge = answers.some(({ bytes }) => bytes >= 4096);
  expect({ input, touched, isLarge, isLong: hours >= 1.5, isSecretOut: log.includes('SESAME') }).toEqual({
    input,
    touched: [],
    isLarge: false,
    isLong: false,
    isSecretOut: false,
  });
}

/** And what there is to be read can be read. */
function isDecent(input: string, seen: Seen): void {
  isHarmless(input, seen);
  const texts = [seen.error, ...seen.answers.map(({ body }) => body.Reason)].filter(
    (text) => text !== undefined,
  );
  expect([input, ...texts.map((text) => [text, wrongWith(text)])]).toEqual([
    input,
    ...texts.map((text) => [text, []]),
  ]);
}

/** CloudFormation is told once that it failed, and why. */
function isRefused(input: string, seen: Seen, says: RegExp): void {
  isAnswered(input, seen, 'FAILED');
  expect([input, seen.answers[0].body.Reason]).toEqual([input, expect.stringMatching(says)]);
}

function isAnswered(input: string, seen: Seen, status: string): void {
  isDecent(input, seen);
  expect([input, seen.error, seen.answers.map(({ body }) => body.Status)]).toEqual([
    input,
    undefined,
    [status],
  ]);
}

/** It is not CloudFormation's: nobody is answered, and AWS is not called at all. */
function isIgnored(input: string, seen: Seen): void {
  isDecent(input, seen);
  expect([input, seen.answers, seen.calls]).toEqual([input, [], []]);
}

/** An event is refused in the log; an error would make Lambda deliver it again. */
function isNotOfCloudFormation(input: string, seen: Seen): void {
  isIgnored(input, seen);
  expect([input, seen.error, seen.log]).toEqual([
    input,
    undefined,
    expect.stringMatching(/'the event is refused'[^]*reason: .its (StackId|ResponseURL) is/),
  ]);
}

const each = async (values: Values, act: (what: string, value: unknown) => Promise<void>) => {
  for (const [what, value] of Object.entries(values)) await act(what, value);
};

describe('Bad inputs', () => {
  describe('requests of CloudFormation', () => {
    const FIELDS: Array<[string, Values]> = [
      ['RequestType', without('missing')],
      ['LogicalResourceId', without('a constructor')],
      ['RequestId', without('a prototype', 'a constructor')],
    ];
    test.each(FIELDS)(
      'with a bad %s are answered once, with its name, and nothing is done',
      async (field, values) => {
        for (const type of TYPES) {
          await each(values, async (what, value) => {
            const input = `${type}: ${field} is ${what}`;
            const seen = await target.invoke(request(type, { [field]: value }));
            isRefused(input, seen, new RegExp(`: .*${field} is ".*CloudFormation would not send`));
            expect([input, seen.calls]).toEqual([input, []]);
          });
        }
        evidence({ inputs: TYPES.length * Object.keys(values).length });
      },
    );

    test('of more than 100,000 characters are answered once, and no execution is started', async () => {
      const Tags = Array.from({ length: 500 }, (_, nth) => ({ Key: `key-${nth}`, Value: 'x'.repeat(256) }));
      for (const type of TYPES) {
        const seen = await target.invoke(request(type, {}, { Tags }));
        isRefused(type, seen, /more than 100000 characters; give fewer or shorter tags/);
        expect([type, seen.calls]).toEqual([type, []]);
      }
      evidence({ inputs: TYPES.length });
    });

    test('of another stack are refused without any call', async () => {
      const similar = target.foreign[0].tags.get('cdk-fsx-backup:stack-id');
      const stacks = { ...ALL, 'one that looks like ours': similar };
      for (const type of TYPES) {
        await each(stacks, async (what, StackId) =>
          isNotOfCloudFormation(`${type}: ${what}`, await target.invoke(request(type, { StackId }))),
        );
      }
      evidence({ inputs: TYPES.length * Object.keys(stacks).length });
    });

    test('with a ResponseURL that is not of CloudFormation are refused without any call', async () => {
      const host = 'cloudformation-custom-resource-response-useast1.s3.amazonaws.com';
      const urls = {
        ...ALL,
        'a file': 'file:///etc/passwd',
        'an address that is none': 'https://',
        'a script': 'javascript:alert(1)',
        'another bucket': 'https://somebody.s3.amazonaws.com/cloudformation-custom-resource-response-useast1',
        'a bucket that begins like it': `https://${host.replace('.s3', '-2.s3')}/answer`,
        'the bucket of another Region': `https://${host.replace('useast1', 'euwest1')}/answer`,
        'a bucket with dots that begins like it': `https://${host.replace('.s3', '.s3-x.s3')}/answer`,
        'the bucket at another address': `https://${host}.example/answer`,
        'another service': `https://${host.replace('.s3', '.execute-api')}/answer`,
        'without encryption': `http://${host}/answer`,
        'with a password': `https://${host}@example.com/answer`,
        'with a user': `https://user@${host}/answer`,
        'a path that looks like it': `https://example.com/${host}/answer`,
      };
      for (const type of TYPES) {
        await each(urls, async (what, ResponseURL) =>
          isNotOfCloudFormation(`${type}: ${what}`, await target.invoke(request(type, { ResponseURL }))),
        );
      }
      evidence({ inputs: TYPES.length * Object.keys(urls).length });
    });

    test('with an odd time in their ResponseURL are answered once', async () => {
      const dates = ['20261301T000000Z', '20250101T000000Z', '29991231T235959Z', 'soon', '', '\u0000'];
      for (const date of dates) {
        const ResponseURL = target.responseUrl(undefined, date);
        isRefused(date, await target.invoke(request('Create', { ResponseURL })), /no longer waits/);
      }
      evidence({ inputs: dates.length });
    });

    test('with a ResponseURL where nobody listens are given up after an hour', async () => {
      const ResponseURL = target.responseUrl(NOBODY);
      const seen = await target.invoke(request('Create', { ResponseURL }));
      isDecent('nobody listens', seen);
      expect([seen.answers, seen.hours > 1]).toEqual([[], true]);
      evidence({ inputs: 1 });
    });

    test('with any PhysicalResourceId touch no backup', async () => {
      const named = Object.fromEntries(target.foreign.map(({ id, type }, nth) => [`${nth}, ${type}`, id]));
      const ids = { ...ALL, ...named, 'none': 'none', 'nothing that was made': 'none-Files.Backup.0' };
      for (const type of ['Update', 'Delete'] as const) {
        await each(ids, async (what, PhysicalResourceId) => {
          for (const given of [
            request(type, { PhysicalResourceId }),
            finalRequest(type, { PhysicalResourceId }),
          ]) {
            const input = `${given.ResourceType}: ${type}: ${what}`;
            const seen = await target.invoke(given);
            isDecent(input, seen);
            expect([input, seen.answers.length]).toEqual([input, 1]);
          }
        });
      }
      evidence({ inputs: 4 * Object.keys(ids).length });
    });

    test('for a final backup when nothing is deleted take none, and say so', async () => {
      isRefused(
        'its own source',
        await target.invoke(finalRequest('Delete', {})),
        /is not deleted, since its final backup is not AVAILABLE.* no longer waits/,
      );
      evidence({ inputs: 1 });
    });

    test('without properties, or with old ones that nobody understands, harm nothing', async () => {
      for (const type of TYPES) {
        await each(ALL, async (what, ResourceProperties) =>
          isRefused(
            `${type}: ${what}`,
            await target.invoke(request(type, { ResourceProperties })),
            /schema version "missing"/,
          ),
        );
      }
      await each(ALL, async (what, OldResourceProperties) =>
        isDecent(what, await target.invoke(request('Update', { OldResourceProperties }))),
      );
      evidence({ inputs: (TYPES.length + 1) * Object.keys(ALL).length });
    });
  });

  describe('properties', () => {
    const one = { FileSystemId: undefined };
    const kept = { RemovalPolicy: 'RETAIN' };
    const TIMEOUTS = {
      ...without('a number'),
      'nothing': '0',
      'too much': '43201',
      'hexadecimal': '0x10',
      'exponent': '1e3',
    };
    const TIMEOUT = /TimeoutSeconds is ".*it must be a whole number from 1 to 43200/;
    const PROPERTIES: Array<[name: string, says: RegExp, values: Values, others?: Values]> = [
      [
        'SchemaVersion',
        /schema version ".*deploy with a version of cdk-fsx-backup that is at least as new/,
        { ...ALL, 'the next': '2', 'the one before': '0', 'a fraction': '1.0', 'a number': 1 },
      ],
      [
        'FileSystemId',
        new RegExp(
          /".*" is not the id of an FSx file system.*check what the source resolves to|exactly /.source +
            /one of FileSystemId/.source,
        ),
        ALL,
      ],
      [
        'VolumeId',
        /".*" is not the id of an FSx volume.*check what the source resolves to|exactly one of FileSystemId/,
        ALL,
        one,
      ],
      [
        'DeployedFileSystem',
        /".*" is not the logical id of a resource|exactly one of FileSystemId/,
        without('a constructor', 'null'),
        one,
      ],
      [
        'DeployedVolume',
        /".*" is not the logical id of a resource|exactly one of FileSystemId/,
        without('a constructor', 'null'),
        one,
      ],
      ['Triggers', /Triggers is ".*it must be a list/, NO_LISTS],
      [
        'Tags',
        /Tags must be a list of Key and Value|".*" is not a tag; it needs Key and Value/,
        without('missing'),
      ],
      ['TimeoutSeconds', TIMEOUT, TIMEOUTS],
      [
        'RemovalPolicy',
        /RemovalPolicy is ".*it must be RETAIN or DESTROY/,
        { ...ALL, 'another': 'SNAPSHOT', 'small letters': 'destroy' },
      ],
      [
        'KeepLast',
        /KeepLast is ".*it must be a whole number from 1/,
        {
          ...without('missing', 'a number'),
          'nothing': '0',
          'less than nothing': '-1',
          'very much': '9'.repeat(40),
        },
        kept,
      ],
    ];
    test.each(PROPERTIES)(
      'with a bad %s are refused with what it must be',
      async (name, says, values, others = {}) => {
        for (const type of TYPES) {
          await each(values, async (what, value) =>
            isRefused(
              `${type}: ${name} is ${what}`,
              await target.invoke(request(type, {}, { ...others, [name]: value })),
              says,
            ),
          );
        }
        evidence({ inputs: TYPES.length * Object.keys(values).length });
      },
    );

    test('of a final backup are refused in the same way', async () => {
      const bad: Array<[name: string, says: RegExp]> = [
        ['SchemaVersion', /schema version "/],
        ['FileSystemId', /is not the id of an FSx file system|exactly one of FileSystemId/],
      ];
      for (const [name, says] of bad) {
        for (const type of TYPES) {
          await each(ALL, async (what, value) =>
            isRefused(
              `${type}: ${name} is ${what}`,
              await target.invoke(finalRequest(type, {}, { [name]: value })),
              says,
            ),
          );
        }
      }
      evidence({ inputs: bad.length * TYPES.length * Object.keys(ALL).length });
    });

    const LINKS: Array<[name: string, says: RegExp, values: Values]> = [
      ['SchemaVersion', /schema version "/, ALL],
      ['BackupId', /BackupId is ".*must be that of the resource before/, without(...PRINTABLE)],
      [
        'BackupLifecycle',
        /BackupId is ".*must be that of the resource before/,
        { missing: undefined, ...WRONG_TYPES },
      ],
      ['TimeoutSeconds', TIMEOUT, TIMEOUTS],
    ];
    test.each(LINKS)(
      'with a bad %s of a link are refused, and its deletion is not',
      async (name, says, values) => {
        for (const type of TYPES) {
          await each(values, async (what, value) => {
            const input = `${type}: ${name} is ${what}`;
            const seen = await target.invoke(linkRequest(type, { [name]: value }));
            if (type === 'Delete') isAnswered(input, seen, 'SUCCESS');
            else isRefused(input, seen, says);
          });
        }
        evidence({ inputs: TYPES.length * Object.keys(values).length });
      },
    );

    test('of a link that name a backup of others touch nothing', async () => {
      for (const type of TYPES) {
        for (const BackupLifecycle of ['AVAILABLE', 'CREATING', 'FAILED', 'X', '']) {
          for (const BackupId of [
            ...target.foreign.map(({ id }) => id),
            'backup-0123456789abcdef0',
            'none',
          ]) {
            const given = { BackupId, BackupLifecycle, BackupCreationTime: 'soon' };
            const seen = await target.invoke(linkRequest(type, given));
            isDecent(`${type}: ${BackupId}, ${BackupLifecycle}`, seen);
            expect(seen.answers).toHaveLength(1);
          }
        }
      }
      evidence({ inputs: TYPES.length * 5 * (target.foreign.length + 2) });
    });

    test('with a bad StateMachineArn fail with what Step Functions says, but for a Delete', async () => {
      const own: string = target.request.ResourceProperties.StateMachineArn;
      const arns = {
        'of another account': 'arn:aws:states:us-east-1:999999999999:stateMachine:Other',
        'of somebody else': own.replace(/[^:]+$/, 'Other'),
        'of one that is not there': `${own}2`,
        'of the one for runs': target.world.physicalIdOf(/Runs/),
      };
      for (const type of TYPES) {
        await each(arns, async (what, StateMachineArn) => {
          const input = `${type}: StateMachineArn is ${what}`;
          const seen = await target.invoke(request(type, {}, { StateMachineArn }));
          if (type === 'Delete') {
            isAnswered(input, seen, 'SUCCESS');
          } else {
            isRefused(
              input,
              seen,
              /^(Backing up|Updating) \S+ failed\. \w+: .*(See the log of|Allow the call)|no longer waits/,
            );
          }
        });
      }
      evidence({ inputs: TYPES.length * Object.keys(arns).length });
    });

    test('of every version that was published are understood', async () => {
      const seen = await target.invoke(request('Create', {}, { SchemaVersion: '1' }));
      expect(seen.answers[0].body.Reason).toMatch(
        /No backup of fs-\w+ was taken, because CloudFormation no longer waits/,
      ); // not for its properties
    });
  });

  describe('inputs of runs', () => {
    const NO_NAMES = without(
      'missing',
      'spaces',
      'a constructor',
      'a prototype',
      'a way out of the directory',
      'an ARN of others',
    );
    const MEMBERS: Array<[name: string, says: RegExp, values: Values]> = [
      ['version', /version is ".*it must be 1/, without('missing', 'null')],
      ['source', /source is ".*it must be the id of an FSx file system/, ALL],
      ['whenMissing', /whenMissing is ".*it must be FAIL or SKIP/, without('missing')],
      ['series', /series is ".*it must have 1 to 200 letters/, NO_NAMES],
      ['name', /name is ".*it must have 1 to 256 letters/, NO_NAMES],
      ['tags', /tags is ".*it must be an object of strings/, without('missing', 'an object')],
      [
        'timeout',
        /timeout is ".*it must be a whole number from 60/,
        { ...without('missing'), 'nothing': 0, 'too much': 604_801, 'infinity': '1e999' },
      ],
      [
        'keepLast',
        /keepLast is ".*it must be a whole number from 1/,
        { ...without('missing', 'a number'), 'nothing': 0, 'less than nothing': -1 },
      ],
    ];
    const isInvalid = (input: string, seen: Seen, says: RegExp) => {
      isDecent(input, seen);
      expect([input, seen.error, seen.calls]).toEqual([
        input,
        expect.stringMatching(new RegExp(`^InvalidInput: No backup was taken: .*(${says.source})`)),
        [],
      ]);
    };
    const input = (changes: Values) => ({ source: target.fileSystemId, timeout: 120, ...changes });

    test.each(MEMBERS)('with a bad %s fail with what it must be', async (name, says, values) => {
      await each(values, async (what, value) =>
        isInvalid(`${name} is ${what}`, await target.run(input({ [name]: value })), says),
      );
      evidence({ inputs: Object.keys(values).length });
    });

    test('with members that are not known, or tags that are not allowed, fail with their names', async () => {
      const names = Object.values(HOSTILE).filter((value): value is string => typeof value === 'string');
      for (const name of names) {
        isInvalid(
          name,
          await target.run(JSON.parse(`{"source":"${target.fileSystemId}",${JSON.stringify(name)}:1}`)),
          /is not known: an input may have version, source/,
        );
      }
      const bad = names.filter((name) => !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(name));
      for (const key of [...bad, 'aws:x', 'cdk-fsx-backup:stack-id', 'cdk-fsx-backup:hold']) {
        isInvalid(
          key,
          await target.run(input({ tags: { [key]: 'x' } })),
          /tags has ".*(a key may have|reserved)/,
        );
      }
      const many = Object.fromEntries(Array.from({ length: 44 }, (_, nth) => [`key-${nth}`, 'x']));
      isInvalid(
        '44 tags',
        await target.run(input({ tags: many })),
        /tags has 45 tags with Name; it may have 44/,
      );
      evidence({ inputs: names.length + bad.length + 4 });
    });

    test('that are no objects fail with what they must be', async () => {
      // the interpreter takes what is falsy for nothing
      const values = without('missing', 'an object', 'a deep object', 'null', 'a boolean', 'nothing');
      await each(values, async (what, value) =>
        isInvalid(what, await target.run(value), /the input is ".*it must be an object, such as/),
      );
      evidence({ inputs: Object.keys(values).length });
    });

    test('that look like a request of CloudFormation, or like a state, are refused', async () => {
      const event = request('Delete', { PhysicalResourceId: target.world.ownBackups[0].id });
      const state = { version: 1, phase: { phase: 'Waiting', backupId: target.foreign[0].id, since: 0 } };
      const poll = {
        machine: 'requests',
        input: event,
        execution: 'x',
        startTime: '2026-11-30T00:00:00Z',
        state,
      };
      const inputs = {
        event,
        poll,
        state: { state },
        both: { ...input({}), state },
        input: { input: event },
      };
      await each(inputs, async (what, given) =>
        isInvalid(what, await target.run(given), /".*" is not known: an input may have version, source/),
      );
      evidence({ inputs: Object.keys(inputs).length });
    });
  });

  describe('inputs of the state machine that answers CloudFormation', () => {
    test('that are not of CloudFormation end without an answer, and without any call', async () => {
      const inputs = {
        'a run': { source: target.fileSystemId },
        'another stack': request('Delete', {
          StackId: target.foreign[0].tags.get('cdk-fsx-backup:stack-id'),
        }),
        'another address': request('Delete', { ResponseURL: 'https://example.com/?X-Amz-Signature=SESAME' }),
        'a list': [1],
      };
      await each(inputs, async (what, given) => {
        const seen = await target.answer(given);
        isIgnored(what, seen);
        expect([what, seen.error]).toEqual([
          what,
          expect.stringMatching(/^InvalidInput: The input is not a request of CloudFormation: its /),
        ]);
      });
      evidence({ inputs: Object.keys(inputs).length });
    });
  });

  describe('events', () => {
    test('of other services, and what is no object, are refused without any call', async () => {
      const values: Values = { ...FOREIGN_EVENTS, ...HOSTILE };
      await each(values, async (what, value) => {
        const seen = await target.invoke(value);
        if (Object(value).RequestType !== undefined) return isNotOfCloudFormation(what, seen);
        isIgnored(what, seen);
        expect([what, seen.error]).toEqual([what, undefined]);
      });
      evidence({ inputs: Object.keys(values).length });
    });
  });
});
