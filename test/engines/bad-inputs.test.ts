import { type Seen, Target } from './bad-inputs-world';
import { evidence } from './evidence';
import { FOREIGN_EVENTS, HOSTILE } from './hostile';
import { wrongWith } from './user-text';

type Values = Record<string, unknown>;

const ALL: Values = { missing: undefined, ...HOSTILE };
const without = (...allowed: string[]): Values =>
  Object.fromEntries(Object.entries(ALL).filter(([what]) => !allowed.includes(what)));
const TYPES = ['Create', 'Update', 'Delete'] as const;

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
function request(RequestType: (typeof TYPES)[number], changes: Values = {}, properties: Values = {}) {
  const { ResourceProperties, ...rest } = target.request;
  return {
    ...rest,
    RequestType,
    RequestId: `b56ca1e5-0000-4000-8000-${++requests}`,
    ResponseURL: target.responseUrl(),
    ...(RequestType !== 'Create' && { PhysicalResourceId: target.foreign[0].id }),
    ...(RequestType === 'Update' && { OldResourceProperties: ResourceProperties }),
    ResourceProperties: { ...ResourceProperties, TimeoutSeconds: '120', ...properties },
    ...changes,
  };
}

/** Whatever the input: it ends, nobody's backup is touched, and no secret gets out. */
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
  const texts = [seen.error, ...seen.answers.map(({ body }) => body.Reason), ...seen.jobs].filter(
    (text) => text !== undefined,
  );
  expect([input, ...texts.map((text) => [text, wrongWith(text)])]).toEqual([
    input,
    ...texts.map((text) => [text, []]),
  ]);
}

/** CloudFormation is told once that it failed, and why. */
function isRefused(input: string, seen: Seen, says: RegExp): void {
  isDecent(input, seen);
  expect([input, seen.error, seen.answers.map(({ body }) => body.Status)]).toEqual([
    input,
    undefined,
    ['FAILED'],
  ]);
  expect([input, seen.answers[0].body.Reason]).toEqual([input, expect.stringMatching(says)]);
}

function isNoRequest(input: string, seen: Seen): void {
  isDecent(input, seen);
  expect([input, seen.answers, seen.error]).toEqual([
    input,
    [],
    expect.stringMatching(
      /^Error: the input is neither a request of CloudFormation nor the state of an execution/,
    ),
  ]);
}

const each = async (values: Values, act: (what: string, value: unknown) => Promise<void>) => {
  for (const [what, value] of Object.entries(values)) await act(what, value);
};

describe('Bad inputs', () => {
  describe('requests of CloudFormation', () => {
    const FIELDS: Array<[string, Values]> = [
      ['RequestType', ALL],
      ['StackId', without('an ARN of others')],
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
            const saysWhatAndWho =
              (field !== 'RequestType' && field !== 'RequestId') || typeof value === 'string';
            if (saysWhatAndWho) {
              isRefused(
                input,
                seen,
                new RegExp(`Nothing was done: .*${field} is ".*CloudFormation would not send`),
              );
            } else {
              isNoRequest(input, seen);
            }
          });
        }
        evidence({ inputs: TYPES.length * Object.keys(values).length });
      },
    );

    test('without a usable ResponseURL fail at once', async () => {
      const urls = {
        ...ALL,
        'a file': 'file:///etc/passwd',
        'an address that is none': 'https://',
        'a script': 'javascript:alert(1)',
      };
      for (const type of TYPES) {
        await each(urls, async (what, ResponseURL) =>
          isNoRequest(`${type}: ${what}`, await target.invoke(request(type, { ResponseURL }))),
        );
      }
      evidence({ inputs: TYPES.length * Object.keys(urls).length });
    });

    test('with a ResponseURL where nobody listens are given up after an hour', async () => {
      const seen = await target.invoke(
        request('Create', { ResponseURL: 'http://127.0.0.1:1/?X-Amz-Signature=SESAME' }),
      );
      isDecent('nobody listens', seen);
      expect(seen.hours).toBeGreaterThan(1);
      evidence({ inputs: 1 });
    });

    test("with any PhysicalResourceId touch no backup but the resource's own", async () => {
      const named = Object.fromEntries(target.foreign.map(({ id, type }, nth) => [`${nth}, ${type}`, id]));
      for (const type of ['Update', 'Delete'] as const) {
        await each({ ...ALL, ...named }, async (what, PhysicalResourceId) => {
          const seen = await target.invoke(request(type, { PhysicalResourceId }));
          isDecent(`${type}: ${what}`, seen);
          expect([what, seen.answers.length]).toEqual([what, 1]);
        });
      }
      evidence({ inputs: 2 * Object.keys({ ...ALL, ...named }).length });
    });

    test('of another stack fail for want of a permission', async () => {
      const stacks = [HOSTILE['an ARN of others'], target.foreign[0].tags.get('cdk-fsx-backup:stack-id')];
      for (const StackId of stacks) {
        for (const type of TYPES) {
          isRefused(
            `${type}: ${StackId}`,
            await target.invoke(request(type, { StackId })),
            /AccessDenied.* is not authorized to perform: .*Allow the call/,
          );
        }
      }
      evidence({ inputs: TYPES.length * stacks.length });
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
    const PROPERTIES: Array<[name: string, says: RegExp, values: Values, others?: Values]> = [
      [
        'SchemaVersion',
        /schema version ".*deploy with a version of cdk-fsx-backup that is at least as new/,
        { ...ALL, 'the next': '2', 'the one before': '0', 'a fraction': '1.0', 'a number': 1 },
      ],
      ['StateMachineArn', /StateMachineArn is ".*it must be the ARN of the provider's state machine/, ALL],
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
      ['Triggers', /Triggers is ".*it must be a list of strings/, without('missing')],
      [
        'Tags',
        /Tags must be a list of Key and Value|".*" is not a tag; it needs Key and Value/,
        without('missing'),
      ],
      ['WaitUntil', /WaitUntil is ".*it must be AVAILABLE or STARTED/, ALL],
      [
        'TimeoutSeconds',
        /TimeoutSeconds is ".*it must be a whole number from 1 to 43200/,
        {
          ...without('a number'),
          'nothing': '0',
          'too much': '43201',
          'hexadecimal': '0x10',
          'exponent': '1e3',
        },
      ],
      ['WaitHandle', /WaitHandle must be the URL of a wait condition handle/, without('missing')],
      [
        'WaitCondition',
        /".*" is not the logical id of a resource/,
        without('missing', 'a constructor', 'null'),
      ],
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

    test('of every version that was published are understood', async () => {
      const seen = await target.invoke(request('Create', {}, { SchemaVersion: '1' }));
      expect(seen.answers[0].body.Reason).toMatch(
        /because the stack is CREATE_COMPLETE: CloudFormation no longer waits/,
      ); // not for its properties
    });
  });

  describe('inputs of executions', () => {
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
      ['series', /series is ".*it must have 1 to 200 letters/, NO_NAMES],
      ['run', /run is ".*it must have 1 to 200 letters/, NO_NAMES],
      ['name', /name is ".*it must have 1 to 256 letters/, NO_NAMES],
      ['tags', /tags is ".*it must be an object of strings/, without('missing', 'an object')],
      [
        'timeout',
        /timeout is ".*it must be a whole number from 60/,
        { ...without('missing', 'null'), 'nothing': 0, 'too much': 604_801, 'infinity': '1e999' },
      ],
      ['waitUntil', /waitUntil is ".*it must be AVAILABLE or STARTED/, without('missing', 'null')],
      [
        'keepLast',
        /keepLast is ".*it must be a whole number from 1/,
        { ...without('missing', 'a number'), 'nothing': 0, 'less than nothing': -1 },
      ],
    ];
    const isInvalid = (input: string, seen: Seen, says: RegExp) => {
      isDecent(input, seen);
      expect([input, seen.error]).toEqual([
        input,
        expect.stringMatching(new RegExp(`^InvalidInput: No backup was taken: .*(${says.source})`)),
      ]);
    };
    const input = (changes: Values) => ({ source: target.fileSystemId, timeout: 120, ...changes });

    test.each(MEMBERS)('with a bad %s fail with what it must be', async (name, says, values) => {
      await each(values, async (what, value) =>
        isInvalid(`${name} is ${what}`, await target.execute(input({ [name]: value })), says),
      );
      evidence({ inputs: Object.keys(values).length });
    });

    test('with members that are not known, or tags that are not allowed, fail with their names', async () => {
      const names = Object.values(HOSTILE).filter((value): value is string => typeof value === 'string');
      for (const name of names) {
        isInvalid(
          name,
          await target.execute(JSON.parse(`{"source":"${target.fileSystemId}",${JSON.stringify(name)}:1}`)),
          /is not known: an input may have version, source/,
        );
      }
      const bad = names.filter((name) => !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(name));
      for (const key of [...bad, 'aws:x', 'cdk-fsx-backup:stack-id']) {
        isInvalid(
          key,
          await target.execute(input({ tags: { [key]: 'x' } })),
          /tags has ".*(a key may have|reserved)/,
        );
      }
      evidence({ inputs: names.length + bad.length + 2 });
    });

    test('that are no objects fail with what they must be', async () => {
      // the interpreter takes what is falsy for nothing
      const values = without('missing', 'an object', 'a deep object', 'null', 'a boolean', 'nothing');
      await each(values, async (what, value) =>
        isInvalid(what, await target.execute(value), /the input is ".*it must be an object, such as/),
      );
      evidence({ inputs: Object.keys(values).length });
    });

    test('that pretend to be a state of an execution come to an end, and touch no backup', async () => {
      const WORK = ['event', 'startedAt', 'source', 'awaited', 'answer'];
      const values = { ...without('missing'), 'a backup of others': { id: target.foreign[0].id, since: 0 } };
      for (const field of WORK) {
        for (const type of ['Create', 'Delete'] as const) {
          await each(values, async (what, value) => {
            const work = { event: request(type), startedAt: target.world.clock.now(), [field]: value };
            // who forges it may read what comes of it
            isHarmless(`${type}: ${field} is ${what}`, await target.execute({ over: false, wait: 1, work }));
          });
        }
      }
      evidence({ inputs: WORK.length * 2 * Object.keys(values).length });
    });
  });

  describe('events', () => {
    test('of other services, and what is no object, are refused', async () => {
      const values: Values = { ...FOREIGN_EVENTS, ...HOSTILE };
      await each(values, async (what, value) => isNoRequest(what, await target.invoke(value)));
      evidence({ inputs: Object.keys(values).length });
    });

    test('of CodePipeline about nothing that the engine has run, fail the job with the reason', async () => {
      const parameters = {
        ...ALL,
        'an execution of others': 'arn:aws:states:us-east-1:999999999999:execution:Other:1',
      };
      const job = (data: unknown) => ({
        'CodePipeline.job': { id: 'b56ca1e5-0000-4000-8000-0000000000ff', data },
      });
      const jobs = {
        ...Object.fromEntries(Object.entries(ALL).map(([what, data]) => [`data: ${what}`, job(data)])),
        ...Object.fromEntries(
          Object.entries(parameters).map(([what, UserParameters]) => [
            `parameters: ${what}`,
            job({ actionConfiguration: { configuration: { UserParameters } } }),
          ]),
        ),
      };
      await each(jobs, async (what, event) => {
        const seen = await target.invoke(event);
        isDecent(what, seen);
        expect([what, seen.jobs]).toEqual([
          what,
          [
            expect.stringMatching(
              /^The backup of execution .*could not be told\. .*(has the details|Allow the call|…$)/,
            ),
          ],
        ]);
      });
      evidence({ inputs: Object.keys(jobs).length });
    });
  });
});
