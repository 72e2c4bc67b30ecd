import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  Aspects,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_sns as sns,
  aws_sqs as sqs,
  aws_ssm as ssm,
  CfnCondition,
  CfnOutput,
  CfnParameter,
  CfnResource,
  Duration,
  Fn,
  Lazy,
  NestedStack,
  RemovalPolicy,
  Stack,
  Stage,
  Tags,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct, IConstruct } from 'constructs';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupProps,
  FsxBackupProvider,
  FsxFinalBackup,
} from '../src';
import { hashOf } from '../src/private/hash';

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
const TIMEOUTS = [Duration.hours(1), Duration.hours(6)];

/** The value of `BackupTrigger.onValue` for something that is known. */
const onValue = (text: string) => `onValue:${hashOf(text, 16)}`;

interface Setting {
  app: App;
  stack: Stack;
  /** What the trigger is about. */
  service: Construct;
  backup: FsxBackup;
}

interface Given {
  context?: Record<string, unknown>;
  props?: Partial<FsxBackupProps>;
  /** Before the backup. */
  before?: (setting: Omit<Setting, 'backup'>) => void;
  /** Instead of the service. */
  scopes?: (setting: Omit<Setting, 'backup'>) => Construct[];
  outdir?: string;
}

const parameter = (scope: Construct, id: string, value = '1') =>
  new ssm.CfnParameter(scope, id, { type: 'String', value });

/**
 * A stack with a service and a backup whose trigger is a change of it; what is defined comes after the
 * backup.
 */
function setUp(
  define: (setting: Setting) => void = () => {},
  { context, props, before, scopes, outdir }: Given = {},
): Setting {
  const app = new App({ context, outdir });
  const stack = new Stack(app, 'Files');
  const service = new Construct(stack, 'Service');
  before?.({ app, stack, service });
  const triggers = [BackupTrigger.onChangeOf(...(scopes?.({ app, stack, service }) ?? [service]))];
  const backup = new FsxBackup(stack, 'Backup', { source, triggers, ...props });
  define({ app, stack, service, backup });
  return { app, stack, service, backup };
}

function templateOf({ stack }: Pick<Setting, 'stack'>): any {
  return Template.fromStack(stack).toJSON();
}

/** What the backup `Files/Backup` is told. */
function triggersOf(setting: Pick<Setting, 'stack'>): any {
  const resources = Object.entries<any>(templateOf(setting).Resources);
  return resources.find(([id, { Type }]) => Type === 'Custom::FsxBackup' && id.startsWith('Backup'))![1]
    .Properties.Triggers;
}

function hash(define?: (setting: Setting) => void, given?: Given): string {
  const [trigger, ...others] = triggersOf(setUp(define, given));
  expect(others).toEqual([]);
  return typeof trigger === 'string' ? trigger : JSON.stringify(trigger);
}

const plain = ({ service }: Setting) => void parameter(service, 'One');

describe('onChangeOf', () => {
  test('is told as a short hash, and without triggers nothing is told', () => {
    expect(hash(plain)).toMatch(/^onChangeOf:[0-9a-f]{16}$/);
    expect(triggersOf(setUp(plain, { props: { triggers: undefined } }))).toBeUndefined();
    expect(triggersOf(setUp(plain, { props: { triggers: [] } }))).toBeUndefined();
  });

  test('is the same every time', () => {
    expect(hash(plain)).toBe(hash(plain));
  });

  describe('changes with', () => {
    const resource = (props: Record<string, unknown>, id = 'One', type = 'AWS::X::Y') =>
      hash(({ service }) => void new CfnResource(service, id, { type, properties: props }));
    const deep = (service: Construct) => new Construct(new Construct(service, 'A'), 'B');

    test.each<[string, (setting: Setting) => void, (setting: Setting) => void]>([
      ['a property', plain, ({ service }) => void parameter(service, 'One', '2')],
      [
        'a property that is added',
        plain,
        ({ service }) => void (parameter(service, 'One').description = 'new'),
      ],
      [
        'a property that is set after the resource was defined',
        plain,
        ({ service }) => void (parameter(service, 'One').value = '2'),
      ],
      [
        'a property that is overridden',
        plain,
        ({ service }) => parameter(service, 'One').addPropertyOverride('Value', '2'),
      ],
      [
        'a property that is set in another way',
        plain,
        ({ service }) => parameter(service, 'One').addOverride('Properties.Value', '2'),
      ],
      [
        'a property that is deleted',
        plain,
        ({ service }) => parameter(service, 'One').addPropertyDeletionOverride('Value'),
      ],
      ['a logical id', plain, ({ service }) => parameter(service, 'One').overrideLogicalId('Other')],
      ['a construct id', plain, ({ service }) => void parameter(service, 'Two')],
      [
        'another resource',
        plain,
        (setting) => {
          plain(setting);
          parameter(setting.service, 'Two');
        },
      ],
      [
        'another resource deep inside',
        plain,
        (setting) => {
          plain(setting);
          parameter(deep(setting.service), 'Two');
        },
      ],
      [
        'a property deep inside',
        ({ service }) => void parameter(deep(service), 'One'),
        ({ service }) => void parameter(deep(service), 'One', '2'),
      ],
      [
        'a tag of the resource',
        plain,
        (setting) => {
          plain(setting);
          Tags.of(setting.service).add('team', 'a');
        },
      ],
      [
        'a tag of the stack that reaches the resource',
        plain,
        (setting) => {
          plain(setting);
          Tags.of(setting.stack).add('team', 'a');
        },
      ],
      [
        'what an aspect does',
        plain,
        (setting) => {
          plain(setting);
          Aspects.of(setting.app).add({
            visit: (node) => {
              if (node instanceof ssm.CfnParameter) node.value = 'by an aspect';
            },
          });
        },
      ],
      [
        'a value that is only known late',
        plain,
        ({ service }) => void parameter(service, 'One', Lazy.string({ produce: () => '2' })),
      ],
      [
        'a reference to something else',
        plain,
        ({ stack, service }) => void parameter(service, 'One', parameter(stack, 'Outside').ref),
      ],
    ])('%s', (_, before, after) => {
      expect(hash(after)).not.toBe(hash(before));
    });

    test('the type', () => {
      expect(resource({ A: 1 })).not.toBe(resource({ A: 1 }, 'One', 'AWS::X::Z'));
    });

    test('the order of a list', () => {
      expect(resource({ List: ['a', 'b'] })).not.toBe(resource({ List: ['b', 'a'] }));
    });

    test.each<[unknown, unknown]>([
      [1, '1'],
      [true, 'true'],
      [['a'], 'a'],
      [{ Ref: 'A' }, 'A'],
      [0, false],
      ['', undefined],
    ])('%j instead of %j', (one, other) => {
      expect(resource({ Value: one })).not.toBe(resource({ Value: other }));
    });

    test('the code of a function', () => {
      const directory = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
      const withCode = (code: string) => {
        writeFileSync(join(directory, 'index.js'), code);
        return hash(
          ({ service }) =>
            void new lambda.Function(service, 'Fn', {
              code: lambda.Code.fromAsset(directory),
              handler: 'index.handler',
              runtime: lambda.Runtime.NODEJS_20_X,
            }),
        );
      };
      const one = withCode('exports.handler = () => 1;');
      expect(withCode('exports.handler = () => 2;')).not.toBe(one);
      expect(withCode('exports.handler = () => 1;')).toBe(one);
      rmSync(directory, { recursive: true });
    });

    test.each(['a property', 'another resource'])('%s in a nested stack', (what) => {
      const nested = (changed: boolean) =>
        hash(({ service }) => {
          const inner = new NestedStack(service, 'Inner');
          parameter(inner, 'One', changed && what === 'a property' ? '2' : '1');
          if (changed && what === 'another resource') parameter(inner, 'Two');
        });
      expect(nested(true)).not.toBe(nested(false));
    });

    test('a property in a nested stack of a nested stack', () => {
      const nested = (value: string) =>
        hash(
          ({ service }) =>
            void parameter(new NestedStack(new NestedStack(service, 'Inner'), 'Innermost'), 'One', value),
        );
      expect(nested('2')).not.toBe(nested('1'));
    });

    test('what a nested stack is given, where that alone is named', () => {
      const named = (value: string) =>
        hash(
          ({ stack }) => {
            const inner = stack.node.findChild('Inner') as NestedStack;
            parameter(inner, 'One', new CfnParameter(inner, 'Given').valueAsString);
            inner.setParameter('Given', value);
          },
          { scopes: ({ stack }) => [new NestedStack(stack, 'Inner')] },
        );
      expect(named('2')).not.toBe(named('1'));
      expect(named('1')).toBe(named('1'));
    });

    test('what a nested stack is given', () => {
      const nested = (value: string) =>
        hash(({ service }) => {
          const inner = new NestedStack(service, 'Inner', { parameters: { Given: value } });
          parameter(inner, 'One', new CfnParameter(inner, 'Given').valueAsString);
        });
      expect(nested('2')).not.toBe(nested('1'));
    });

    test('resources of another stack', () => {
      const other = (value: string) =>
        hash(({ app }) => void parameter(app.node.findChild('Other') as Stack, 'One', value), {
          scopes: ({ app }) => [new Stack(app, 'Other')],
        });
      expect(other('2')).not.toBe(other('1'));
    });

    test('resources of another stack that refers to this one', () => {
      const other = (value: string) =>
        hash(
          ({ app, stack }) =>
            void parameter(
              app.node.findChild('Other') as Stack,
              'One',
              `${parameter(stack, 'Here').ref}${value}`,
            ),
          {
            scopes: ({ app }) => [new Stack(app, 'Other')],
          },
        );
      expect(other('2')).not.toBe(other('1'));
      expect(other('1')).toBe(other('1'));
    });

    test('any of several scopes', () => {
      const several = (values: string[]) =>
        hash(
          ({ stack }) =>
            values.forEach((value, index) =>
              parameter(stack.node.findChild(`Scope${index}`) as Construct, 'One', value),
            ),
          {
            scopes: ({ stack }) => values.map((_, index) => new Construct(stack, `Scope${index}`)),
          },
        );
      expect(
        new Set([several(['1', '1']), several(['2', '1']), several(['1', '2']), several(['2', '2'])]).size,
      ).toBe(4);
    });

    test('the whole stack, the whole stage, the whole app', () => {
      for (const scopes of [({ stack }: any) => [stack], ({ app }: any) => [app]]) {
        expect(hash(({ stack }) => void parameter(stack, 'One', '2'), { scopes })).not.toBe(
          hash(({ stack }) => void parameter(stack, 'One', '1'), { scopes }),
        );
      }
    });

    test('a single resource', () => {
      const single = (value: string) =>
        hash(() => {}, { scopes: ({ service }) => [parameter(service, 'One', value)] });
      expect(single('2')).not.toBe(single('1'));
    });

    test('values that two stacks exchange', () => {
      const exchanged = (one: string, two: string) =>
        hash(() => {}, {
          scopes: ({ app }) =>
            [
              ['Blue', one],
              ['Green', two],
            ].map(([id, value]) => {
              const stack = new Stack(app, id);
              parameter(stack, 'Weight', value);
              return stack;
            }),
        });
      expect(exchanged('0', '100')).not.toBe(exchanged('100', '0'));
    });

    test('a type that is overridden', () => {
      const typed = (type: string) =>
        hash(({ service }) =>
          new CfnResource(service, 'One', { type: 'AWS::X::Y' }).addOverride('Type', type),
        );
      expect(typed('AWS::X::A')).not.toBe(typed('AWS::X::B'));
    });
  });

  describe('does not change with', () => {
    test.each<[string, (setting: Setting) => void]>([
      ['metadata', ({ service }) => parameter(service, 'One').addMetadata('team', 'a')],
      [
        'metadata of the template',
        (setting) => {
          plain(setting);
          setting.stack.addMetadata('team', 'a');
          setting.stack.templateOptions.description = 'x';
        },
      ],
      [
        'a removal policy',
        ({ service }) => parameter(service, 'One').applyRemovalPolicy(RemovalPolicy.RETAIN),
      ],
      [
        'a dependency',
        ({ stack, service }) => parameter(service, 'One').node.addDependency(parameter(stack, 'Outside')),
      ],
      [
        'a dependency on another stack',
        ({ app, service }) =>
          parameter(service, 'One').node.addDependency(parameter(new Stack(app, 'Other'), 'Outside')),
      ],
      [
        'a construct path',
        ({ service }) =>
          parameter(new Construct(service, 'Moved'), 'Elsewhere').overrideLogicalId('ServiceOneE0A5B2E5'),
      ],
      [
        'what is beside it',
        (setting) => {
          plain(setting);
          parameter(setting.stack, 'Outside', String(Math.random()));
        },
      ],
      [
        'outputs',
        (setting) => {
          plain(setting);
          new CfnOutput(setting.service, 'Out', { value: '1' });
        },
      ],
      [
        'parameters and conditions that nothing uses',
        (setting) => {
          plain(setting);
          new CfnParameter(setting.service, 'In');
          new CfnCondition(setting.service, 'If');
        },
      ],
      [
        'a reference from elsewhere',
        ({ stack, service }) => void parameter(stack, 'Outside', parameter(service, 'One').ref),
      ],
      ['an export', ({ stack, service }) => void stack.exportValue(parameter(service, 'One').ref)],
      [
        'a stack that refers to it',
        ({ app, service }) =>
          void parameter(new Stack(app, 'Other'), 'Outside', parameter(service, 'One').ref),
      ],
      [
        'an empty construct',
        (setting) => {
          plain(setting);
          new Construct(setting.service, 'Empty');
        },
      ],
      [
        'backups and providers in it',
        (setting) => {
          plain(setting);
          const provider = new FsxBackupProvider(setting.service, 'Provider');
          new FsxBackup(setting.service, 'Other', { source, provider });
          new FsxFinalBackup(setting.service, 'Final', { source });
        },
      ],
      [
        'a backup of something in it',
        ({ stack, service }) =>
          void new FsxBackup(stack, 'Other', {
            source: BackupSource.fromFileSystemId(parameter(service, 'One').attrValue),
          }),
      ],
    ])('%s', (what, define) => {
      const logicalId =
        what === 'a construct path'
          ? ({ service }: Setting) => parameter(service, 'One').overrideLogicalId('ServiceOneE0A5B2E5')
          : plain;
      expect(hash(define)).toBe(hash(logicalId));
    });

    test('the order of keys', () => {
      const keys = (value: object) =>
        hash(
          ({ service }) => void new CfnResource(service, 'One', { type: 'AWS::X::Y', properties: { value } }),
        );
      expect(keys({ a: 1, b: { c: 1, d: 2 } })).toBe(keys({ b: { d: 2, c: 1 }, a: 1 }));
    });

    test('the order in which resources are defined', () => {
      const inOrder = (...ids: string[]) =>
        hash(({ service }) => ids.forEach((id) => parameter(service, id)));
      expect(inOrder('A', 'B', 'C')).toBe(inOrder('C', 'A', 'B'));
    });

    test('the order of scopes, or a scope that is named twice, or is in another', () => {
      const scoped = (...order: string[]) =>
        hash(() => {}, {
          before: ({ service }) => ['A', 'B'].forEach((id) => parameter(new Construct(service, id), 'One')),
          scopes: ({ service }) =>
            order.map((id) => (id === 'all' ? service : (service.node.findChild(id) as Construct))),
        });
      expect(
        new Set([
          scoped('A', 'B'),
          scoped('B', 'A'),
          scoped('A', 'B', 'A'),
          scoped('all'),
          scoped('all', 'A'),
        ]).size,
      ).toBe(1);
    });

    test('when the backup is defined', () => {
      const after = hash(() => {}, { before: (setting) => plain(setting as Setting) });
      expect(after).toBe(hash(plain));
    });

    test('when the trigger is added', () => {
      const added = setUp(
        (setting) => {
          plain(setting);
          setting.backup.addTrigger(BackupTrigger.onChangeOf(setting.service));
        },
        { props: { triggers: [] } },
      );
      expect(triggersOf(added)).toEqual([hash(plain)]);
    });

    test('tags of the stack that CloudFormation gives to resources: they are not in the template', () => {
      const tagged = (value: string) => {
        const app = new App();
        const stack = new Stack(app, 'Files', { tags: { team: value } });
        const one = parameter(stack, 'One');
        new FsxBackup(stack, 'Backup', { source, triggers: [BackupTrigger.onChangeOf(one)] });
        return triggersOf({ stack });
      };
      expect(tagged('a')).toEqual(tagged('b'));
    });

    test('the time, the working directory and the directory of the output', () => {
      const [here, there] = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-')));
      const code = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
      writeFileSync(join(code, 'index.js'), 'exports.handler = () => 1;');
      const fn = ({ service }: Setting) =>
        void new lambda.Function(service, 'Fn', {
          code: lambda.Code.fromAsset(code),
          handler: 'index.handler',
          runtime: lambda.Runtime.NODEJS_20_X,
        });
      const cwd = process.cwd();
      const one = hash(fn, { outdir: here });
      jest.useFakeTimers({ now: new Date('2031-01-01'), doNotFake: ['nextTick', 'setImmediate'] });
      process.chdir(there);
      try {
        expect(hash(fn, { outdir: there })).toBe(one);
      } finally {
        process.chdir(cwd);
        jest.useRealTimers();
        for (const directory of [here, there, code]) rmSync(directory, { recursive: true });
      }
    });

    test('how often the app is synthesized', () => {
      const { app, stack } = setUp(plain, { props: { timeout: Duration.hours(6) } });
      const [once, again] = [1, 2].map(
        () => app.synth({ force: true }).getStackArtifact(stack.artifactId).template,
      );
      expect(again).toEqual(once);
    });

    test('who else reads the template first', () => {
      const { stack } = setUp(plain, { props: { timeout: Duration.hours(6) } });
      const namesIn = (template: any) => Object.keys(template.Resources);
      expect(namesIn(stack.resolve((stack as any)._toCloudFormation()))).toEqual(
        namesIn(templateOf({ stack })),
      );
    });

    test('a policy that is not rendered, because it is attached to nothing', () => {
      const attached = (present: boolean) =>
        setUp((setting) => {
          plain(setting);
          if (present) new iam.Policy(setting.service, 'Policy');
        });
      expect(Object.keys(templateOf(attached(true)).Resources)).toEqual(
        Object.keys(templateOf(attached(false)).Resources),
      );
      expect(triggersOf(attached(true))).toEqual(triggersOf(attached(false)));
    });
  });

  describe('feature flags', () => {
    const RECOMMENDED = JSON.parse(
      readFileSync(require.resolve('aws-cdk-lib/recommended-feature-flags.json'), 'utf8'),
    );
    const define = (setting: Setting) => {
      plain(setting);
      const inner = new NestedStack(setting.service, 'Inner');
      parameter(inner, 'Two', 'inner');
      parameter(setting.service, 'Three', setting.backup.backupId);
      new sns.CfnTopic(setting.service, 'Topic', {
        displayName: setting.stack.toJsonString({ arn: setting.backup.backupArn }),
      });
    };

    test.each(TIMEOUTS)('do not matter as long as they do not change the resources (%s)', (timeout) => {
      expect(hash(define, { context: RECOMMENDED, props: { timeout } })).toBe(
        hash(define, { props: { timeout } }),
      );
    });

    test.each(Object.keys(RECOMMENDED))('%s does not matter', (flag) => {
      expect(hash(define, { context: { [flag]: RECOMMENDED[flag] } })).toBe(hash(define));
    });
  });

  describe.each(TIMEOUTS)('does not change with the backup itself (%s)', (timeout) => {
    const props = { timeout };

    test('when the service waits for it', () => {
      const waiting = (wait: boolean) =>
        hash(
          (setting) => {
            plain(setting);
            if (wait) setting.backup.executeBefore(setting.service);
          },
          { props },
        );
      expect(waiting(true)).toBe(waiting(false));
    });

    test.each<[string, (setting: Setting) => string]>([
      ['as it is', ({ backup }) => backup.backupId],
      ['in a text', ({ backup }) => `before the upgrade: ${backup.backupId}, ${backup.backupArn}.`],
      [
        'in JSON',
        ({ stack, backup }) => stack.toJsonString({ id: backup.backupId, text: `arn: ${backup.backupArn}` }),
      ],
      ['joined', ({ backup }) => Fn.join('-', ['a', backup.backupCreationTime])],
      ['selected', ({ backup }) => Fn.select(1, Fn.split(':', backup.backupArn))],
      ['substituted', ({ backup }) => Fn.sub('${Id}', { Id: backup.backupId })],
      ['late', ({ backup }) => Lazy.string({ produce: () => backup.backupId })],
    ])('when its id is used %s: another generation does not change it', (_, value) => {
      const used = (...others: BackupTrigger[]) =>
        triggersOf(
          setUp(
            (setting) => {
              parameter(setting.service, 'One', value(setting));
              setting.backup.addTrigger(...others);
            },
            { props },
          ),
        ).filter((trigger: unknown) => String(trigger).startsWith('onChangeOf'));
      expect(used(BackupTrigger.onValue('a'))).toEqual(used());
      expect(used(BackupTrigger.onValue('b'))).toEqual(used());
      const otherwise = hash((setting) => void parameter(setting.service, 'One', value(setting)), {
        props: { timeout: Duration.hours(timeout.toHours() === 1 ? 6 : 1) },
      });
      expect(used()).toEqual([otherwise]);
    });

    test('when its id is in the environment of a function that has versions', () => {
      const used = (...others: BackupTrigger[]) =>
        triggersOf(
          setUp(
            (setting) => {
              const fn = new lambda.Function(setting.service, 'Fn', {
                code: lambda.Code.fromInline('x'),
                handler: 'index.handler',
                runtime: lambda.Runtime.NODEJS_20_X,
                environment: { BACKUP: setting.backup.backupId },
              });
              new lambda.Alias(setting.service, 'Live', { aliasName: 'live', version: fn.currentVersion });
              setting.backup.addTrigger(...others);
            },
            { props },
          ),
        ).filter((trigger: unknown) => String(trigger).startsWith('onChangeOf'));
      expect(used(BackupTrigger.onValue('a'))).toEqual(used());
    });

    test('when its id is used in a nested stack', () => {
      const used = (...others: BackupTrigger[]) =>
        triggersOf(
          setUp(
            (setting) => {
              parameter(new NestedStack(setting.service, 'Inner'), 'One', setting.backup.backupId);
              setting.backup.addTrigger(...others);
            },
            { props },
          ),
        ).filter((trigger: unknown) => String(trigger).startsWith('onChangeOf'));
      expect(used(BackupTrigger.onValue('a'))).toEqual(used());
    });

    test('when its id is used in another stack', () => {
      const used = (...others: BackupTrigger[]) =>
        triggersOf(
          setUp(
            (setting) => {
              parameter(
                setting.app.node.findChild('Other') as Stack,
                'One',
                `id: ${setting.backup.backupId}`,
              );
              setting.backup.addTrigger(...others);
            },
            { props, scopes: ({ app }) => [new Stack(app, 'Other')] },
          ),
        ).filter((trigger: unknown) => String(trigger).startsWith('onChangeOf'));
      expect(used(BackupTrigger.onValue('a'))).toEqual(used());
    });

    test('when its whole stack is meant, and has other backups and providers', () => {
      const whole = (more: boolean) =>
        hash(
          (setting) => {
            plain(setting);
            if (!more) return;
            new FsxBackup(setting.stack, 'Second', {
              source,
              timeout,
              triggers: [BackupTrigger.onChangeOf(setting.stack)],
              executeBefore: [setting.service],
            });
            new FsxBackup(setting.stack, 'Third', {
              source,
              removalPolicy: RemovalPolicy.DESTROY,
              provider: new FsxBackupProvider(setting.stack, 'Provider'),
            });
            new FsxFinalBackup(setting.stack, 'Final', { source });
          },
          { props, scopes: ({ stack }) => [stack] },
        );
      expect(whole(true)).toBe(whole(false));
    });

    test('when its tags, name or policies change', () => {
      const other: Partial<FsxBackupProps> = { backupName: 'x', keepLast: 3 };
      const whole = (given: Partial<FsxBackupProps>) =>
        hash(
          (setting) => {
            plain(setting);
            Tags.of(setting.backup).add('n', String(Object.keys(given).length));
          },
          { props: { ...props, ...given }, scopes: ({ stack }) => [stack] },
        );
      expect(whole(other)).toBe(whole({}));
    });
  });

  test.each([
    ['nested stack that uses its id', false],
    ['nested stack that uses its id, beside a resource', true],
  ])('does not change with the timeout of a backup in a %s', (_, beside) => {
    const [hour, hours] = TIMEOUTS.map((timeout) =>
      hash(
        (setting) => {
          parameter(new NestedStack(setting.service, 'Inner'), 'One', setting.backup.backupId);
          if (beside) plain(setting);
        },
        { props: { timeout } },
      ),
    );
    expect(hours).toBe(hour);
  });

  test('does not change with the timeout, where another stack uses its id', () => {
    const [hour, hours] = TIMEOUTS.map((timeout) =>
      hash(
        (setting) =>
          void parameter(setting.app.node.findChild('Other') as Stack, 'One', setting.backup.backupId),
        {
          props: { timeout },
          scopes: ({ app }) => [new Stack(app, 'Other')],
        },
      ),
    );
    expect(hours).toBe(hour);
  });

  test('of a stage covers what is in it', () => {
    const staged = (value: string) => {
      const app = new App();
      const stage = new Stage(app, 'Prod', { env: { account: '123456789012', region: 'us-east-1' } });
      const stack = new Stack(stage, 'Files');
      parameter(new Stack(stage, 'Other'), 'One', value);
      new FsxBackup(stack, 'Backup', { source, triggers: [BackupTrigger.onChangeOf(stage)] });
      const [template] = stage
        .synth()
        .stacks.filter(({ stackName }) => stackName === 'Prod-Files')
        .map((artifact) => artifact.template);
      return Object.values<any>(template.Resources).find((resource) => resource.Type === 'Custom::FsxBackup')
        .Properties.Triggers;
    };
    expect(staged('2')).not.toEqual(staged('1'));
    expect(staged('1')).toEqual(staged('1'));
  });

  test('does not change with who reads it before the app is complete', () => {
    const read = (early: boolean) =>
      hash(
        (setting) => {
          plain(setting);
          if (early) setting.stack.resolve((setting.stack as any)._toCloudFormation());
          parameter(setting.service, 'Late');
        },
        { props: { timeout: Duration.hours(6) } },
      );
    expect(read(true)).toBe(read(false));
  });

  test('of a version is what the version is of', () => {
    const versioned = (text: string) =>
      triggersOf(
        setUp(
          ({ stack, backup }) => {
            const fn = new lambda.Function(stack, 'Fn', {
              code: lambda.Code.fromInline(text),
              handler: 'index.handler',
              runtime: lambda.Runtime.NODEJS_20_X,
            });
            backup.addTrigger(
              BackupTrigger.onChangeOf(
                new lambda.Alias(stack, 'Live', { aliasName: 'live', version: fn.currentVersion }),
              ),
            );
          },
          { props: { triggers: [] } },
        ),
      );
    expect(versioned('2')).not.toEqual(versioned('1'));
    expect(versioned('1')).toEqual(versioned('1'));
  });

  describe('of a service whose task definition is defined elsewhere', () => {
    const define = (scope: Construct, service: Construct, image: string, cluster: string) => {
      const task = new CfnResource(scope, 'Task', {
        type: 'AWS::ECS::TaskDefinition',
        properties: { ContainerDefinitions: [{ Image: image }] },
      });
      const other = new CfnResource(scope, 'Cluster', {
        type: 'AWS::ECS::Cluster',
        properties: { Name: cluster },
      });
      new CfnResource(service, 'Service', {
        type: 'AWS::ECS::Service',
        properties: { TaskDefinition: task.ref, Cluster: other.ref },
      });
    };

    test('is which task definition that is, and which cluster: CloudFormation compares them', () => {
      const deployed = (image: string) =>
        triggersOf(setUp(({ stack, service }) => define(stack, service, image, 'one')));
      expect(deployed('app:1')).toEqual([
        [expect.stringMatching(/^onChangeOf:/), { Ref: 'Cluster' }, { Ref: 'Task' }],
      ]);
      expect(deployed('app:2')).toEqual(deployed('app:1'));
    });

    test('in another stack, is what is in both: that stack cannot be referred to', () => {
      const deployed = (image: string, cluster = 'one') =>
        hash(
          ({ app }) => {
            const stack = app.node.findChild('Other') as Stack;
            define(stack, stack.node.findChild('Service') as Construct, image, cluster);
          },
          { scopes: ({ app }) => [new Construct(new Stack(app, 'Other'), 'Service')] },
        );
      expect(deployed('app:2')).not.toBe(deployed('app:1'));
      expect(deployed('app:1', 'two')).not.toBe(deployed('app:1'));
      expect(deployed('app:1')).toMatch(/^onChangeOf:[0-9a-f]{16}$/);
    });
  });

  // What aspects do there, tags among them, may not be done yet: CDK synthesizes one stage after another.
  test.each<[string, (app: App, other: Stage) => IConstruct[]]>([
    ['a stage', (_, other) => [other]],
    ['a construct in one', (_, other) => [other.node.findChild('Services').node.findChild('One')]],
    ['the app with all its stages', (app) => [app]],
  ])("of %s that is not the backup's is refused", (_, scopes) => {
    const app = new App();
    const stack = new Stack(new Stage(app, 'Mine'), 'Files');
    parameter(stack, 'Own');
    const other = new Stage(app, 'Other');
    parameter(new Stack(other, 'Services'), 'One');
    new FsxBackup(stack, 'Backup', { source, triggers: [BackupTrigger.onChangeOf(...scopes(app, other))] });
    expect(() => app.synth()).toThrow('"Other/Services/One", which is in another stage');
  });

  test("of another stack of the backup's stage is not", () => {
    const app = new App();
    const stage = new Stage(app, 'Mine');
    parameter(new Stack(stage, 'Services'), 'One');
    new FsxBackup(new Stack(stage, 'Files'), 'Backup', {
      source,
      triggers: [BackupTrigger.onChangeOf(stage)],
    });
    expect(() => app.synth()).not.toThrow();
  });

  describe('of nothing', () => {
    test.each<[string, Given['scopes'], RegExp]>([
      [
        'no scope',
        () => [],
        new RegExp(
          /onChangeOf covers no resource: it got none, which would never change\. Name constructs /.source +
            /that define what is deployed/.source,
        ),
      ],
      [
        'an empty construct',
        ({ service }) => [service],
        /onChangeOf covers no resource: "Files\/Service" would never change/,
      ],
      [
        'an imported resource',
        ({ service }) => [
          sqs.Queue.fromQueueArn(service, 'Queue', 'arn:aws:sqs:us-east-1:123456789012:queue') as any,
        ],
        /"Files\/Service\/Queue" would never change/,
      ],
      ['a stack with nothing but backups', ({ stack }) => [stack], /"Files" would never change/],
      ['an app with nothing else', ({ stack }) => [stack.node.root], /"App" would never change/],
      [
        'parameters, outputs and conditions',
        ({ service }) => {
          new CfnParameter(service, 'In');
          new CfnOutput(service, 'Out', { value: '1' });
          new CfnCondition(service, 'If');
          return [service];
        },
        /covers no resource/,
      ],
    ])('is refused: %s', (_, scopes, message) => {
      expect(() => setUp(undefined, { scopes }).app.synth()).toThrow(message);
      expect(() => setUp(undefined, { scopes }).app.synth()).toThrow('Files/Backup');
    });

    test('is not refused where there is something beside', () => {
      expect(() =>
        setUp(plain, {
          scopes: ({ stack, service }) => [new Construct(stack, 'Empty'), service],
        }).app.synth(),
      ).not.toThrow();
    });

    test('is not refused where there will be something in the end', () => {
      expect(() =>
        setUp(({ service }) =>
          Aspects.of(service).add({
            visit: (node) => {
              if (node === service && !service.node.tryFindChild('Late')) parameter(service, 'Late');
            },
          }),
        ).app.synth(),
      ).not.toThrow();
    });

    test('is refused where nothing of it is rendered', () => {
      expect(() => setUp(({ service }) => void new iam.Policy(service, 'Policy')).app.synth()).toThrow(
        /covers no resource/,
      );
    });
  });
});

describe('guards that cover each other', () => {
  const guards = (
    count: number,
    define: (stack: Stack, backups: FsxBackup[]) => void,
    timeout = Duration.hours(6),
  ) => {
    const stack = new Stack(new App(), 'Files');
    const backups = Array.from(
      { length: count },
      (_, index) => new FsxBackup(stack, `Backup${index}`, { source, timeout }),
    );
    define(stack, backups);
    return stack;
  };
  const synthesisOf = (stack: Stack) => {
    const begin = Date.now();
    (stack.node.root as App).synth();
    return Date.now() - begin;
  };

  test('do not go round in circles', () => {
    const stack = guards(2, (scope, [one, two]) => {
      const services = [new Construct(scope, 'One'), new Construct(scope, 'Two')];
      parameter(services[0], 'Here', `after ${two.backupId}`);
      parameter(services[1], 'There', `after ${one.backupId}`);
      one.addTrigger(BackupTrigger.onChangeOf(...services));
      two.addTrigger(BackupTrigger.onChangeOf(...services));
    });
    const found = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
    expect(found.map(({ Properties }) => Properties.Triggers.length)).toEqual([1, 1]);
  });

  test('take another backup both when one service changes, and neither because of the other', () => {
    const triggers = (value: string) =>
      Object.values(
        Template.fromStack(
          guards(2, (scope, backups) => {
            const services = backups.map((_, index) => new Construct(scope, `Service${index}`));
            backups.forEach((backup, index) => {
              parameter(services[index], 'P', `${value} ${backups[1 - index].backupId}`);
              backup.addTrigger(BackupTrigger.onChangeOf(...services));
              backup.executeBefore(services[index]);
            });
          }),
        ).findResources('Custom::FsxBackup'),
      ).flatMap(({ Properties }) => Properties.Triggers);
    expect(triggers('1')).toEqual(triggers('1'));
    for (const trigger of triggers('2')) expect(triggers('1')).not.toContain(trigger);
  });

  test('thirty of the whole stack are synthesized in reasonable time', () => {
    expect(
      synthesisOf(
        guards(30, (stack, backups) => {
          for (let i = 0; i < 100; i++) parameter(stack, `P${i}`, backups[i % 30].backupId);
          for (const backup of backups) backup.addTrigger(BackupTrigger.onChangeOf(stack));
        }),
      ),
    ).toBeLessThan(20_000);
  }, 60_000);

  test('three before everything else in the stack are synthesized in reasonable time', () => {
    const before = (timeout: Duration) =>
      synthesisOf(
        guards(
          3,
          (stack, backups) => {
            for (let i = 0; i < 100; i++) parameter(stack, `P${i}`);
            for (const backup of backups) {
              backup.addTrigger(BackupTrigger.onChangeOf(stack));
              backup.executeBefore(stack);
            }
          },
          timeout,
        ),
      );
    expect(before(Duration.hours(6))).toBeLessThan(10 * (before(Duration.hours(1)) + 100));
  }, 60_000);
});

describe('onValue', () => {
  const values = (...triggers: BackupTrigger[]) => triggersOf(setUp(undefined, { props: { triggers } }));

  test('tells a hash of what is known, however long it is', () => {
    const [short] = values(BackupTrigger.onValue('1.2.3'));
    const [long] = values(BackupTrigger.onValue('a'.repeat(140_000)));
    expect([short, long]).toEqual(Array(2).fill(expect.stringMatching(/^onValue:[0-9a-f]{16}$/)));
    expect(short).not.toBe(long);
    expect(values(BackupTrigger.onValue('b', 'a'), BackupTrigger.onValue('a'))).toHaveLength(2);
  });

  test.each([[undefined], [''], [null], [7], ['1', '']])('of %j is refused', (...given: any[]) => {
    expect(() => BackupTrigger.onValue(...given)).toThrow(
      /BackupTrigger\.onValue got (undefined|""|null|7): give a text that is not empty; a variable/,
    );
  });

  test('in another order of triggers is the same', () => {
    const [one, two] = [BackupTrigger.onValue('1'), BackupTrigger.onValue('2')];
    expect(values(one, two)).toEqual(values(two, one));
  });

  test('passes on what only deployment knows', () => {
    const { stack } = setUp(
      ({ backup, ...setting }) => {
        backup.addTrigger(
          BackupTrigger.onValue(
            new CfnParameter(setting.stack, 'Release').valueAsString,
            parameter(setting.stack, 'One').attrValue,
          ),
        );
      },
      { props: { triggers: [] } },
    );
    expect(triggersOf({ stack })).toEqual([
      { 'Fn::Join': ['', ['onValue:', { Ref: 'Release' }, '\n', { 'Fn::GetAtt': ['One', 'Value'] }]] },
    ]);
  });

  test('passes on what another stack knows', () => {
    const { stack } = setUp(
      ({ app, backup }) =>
        backup.addTrigger(BackupTrigger.onValue(parameter(new Stack(app, 'Other'), 'One').attrValue)),
      { props: { triggers: [] } },
    );
    expect(triggersOf({ stack })).toEqual([
      { 'Fn::Join': ['', ['onValue:', { 'Fn::ImportValue': expect.stringMatching(/^Other:.*One/) }]] },
    ]);
  });

  test('of nothing is refused', () => {
    expect(() => BackupTrigger.onValue()).toThrow(/BackupTrigger\.onValue needs a value/);
  });

  test('tells which value has changed to what: two that are exchanged are a change', () => {
    expect(values(BackupTrigger.onValue('blue 1', 'green 2'))).not.toEqual(
      values(BackupTrigger.onValue('green 2', 'blue 1')),
    );
  });

  test('of a list that only deployment knows works, or says what to do instead', () => {
    const listed = () =>
      setUp(
        ({ stack, backup }) => {
          backup.addTrigger(
            BackupTrigger.onValue(
              ...new CfnParameter(stack, 'Releases', { type: 'CommaDelimitedList' }).valueAsList,
            ),
          );
        },
        { props: { triggers: [] } },
      );
    try {
      expect(triggersOf(listed())).toEqual([expect.objectContaining({ 'Fn::Join': expect.anything() })]);
    } catch (error: any) {
      expect(error.message).toMatch(/Fn\.join/);
    }
  });
});

describe('everyDeployment', () => {
  const salt = (context?: Record<string, unknown>) => {
    return triggersOf(setUp(undefined, { context, props: { triggers: [BackupTrigger.everyDeployment()] } }));
  };
  afterEach(() => {
    jest.useRealTimers();
  });
  const at = (now: string) =>
    jest.useFakeTimers({ now: new Date(now), doNotFake: ['nextTick', 'setImmediate'] });

  test('is the instant of synthesis', () => {
    at('2026-11-02T09:00:00Z');
    expect(salt()).toEqual(['everyDeployment:2026-11-02T09:00:00.000Z']);
    at('2026-11-02T09:00:01Z');
    expect(salt()).toEqual(['everyDeployment:2026-11-02T09:00:01.000Z']);
  });

  test('is one instant throughout the app', () => {
    const trigger = BackupTrigger.everyDeployment();
    const { stack } = setUp(
      ({ stack: scope }) => void new FsxBackup(scope, 'Second', { source, triggers: [trigger] }),
      { props: { triggers: [trigger], timeout: Duration.hours(6) } },
    );
    const told = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup')).map(
      (resource) => resource.Properties.Triggers,
    );
    expect(told[0]).toEqual(told[1]);
  });

  test.each(['test', '', 1])('is what the context says: %j', (value) => {
    at('2026-11-02T09:00:00Z');
    const context = { 'cdk-fsx-backup:deployment': value };
    expect(salt(context)).toEqual([`everyDeployment:${value}`]);
    at('2026-11-02T09:00:01Z');
    expect(salt(context)).toEqual([`everyDeployment:${value}`]);
  });

  test('together with others is told beside them', () => {
    const context = { 'cdk-fsx-backup:deployment': 'test' };
    const triggers = [BackupTrigger.onValue('1'), BackupTrigger.everyDeployment()];
    expect(triggersOf(setUp(undefined, { context, props: { triggers } }))).toEqual([
      'everyDeployment:test',
      onValue('1'),
    ]);
  });
});

describe('addTrigger', () => {
  test('adds to the triggers that the backup has', () => {
    const { stack } = setUp(
      ({ backup }) => backup.addTrigger(BackupTrigger.onValue('2'), BackupTrigger.onValue('3')),
      { props: { triggers: [BackupTrigger.onValue('1')] } },
    );
    expect(triggersOf({ stack })).toEqual(['1', '2', '3'].map(onValue).sort());
  });

  test('leaves the list that was given as it is', () => {
    const triggers = [BackupTrigger.onValue('1')];
    setUp(({ backup }) => backup.addTrigger(BackupTrigger.onValue('2')), { props: { triggers } });
    expect(triggers).toHaveLength(1);
  });
});

describe('with a timeout over an hour', () => {
  const timeout = Duration.hours(6);

  test.each<[string, (stack: Stack) => string]>([
    ['a parameter', (stack) => new CfnParameter(stack, 'Release').valueAsString],
    ['an attribute', (stack) => parameter(stack, 'One').attrValue],
    ['another stack', (stack) => parameter(new Stack(stack.node.root as App, 'Other'), 'One').attrValue],
    ['a text with a token in it', (stack) => `v${stack.account}`],
  ])('a value of %s is told as it is', (_, value) => {
    const { app, stack } = setUp(
      ({ stack: scope, backup }) => backup.addTrigger(BackupTrigger.onValue(value(scope))),
      { props: { timeout, triggers: [] } },
    );
    expect(() => app.synth()).not.toThrow();
    expect(JSON.stringify(triggersOf({ stack }))).toContain('onValue:');
  });

  test('the attributes in a nested stack come as parameters, of the last link', () => {
    const { stack } = setUp(
      (setting) => {
        plain(setting);
        parameter(new NestedStack(setting.stack, 'Inner'), 'One', `id: ${setting.backup.backupId}`);
      },
      { props: { timeout } },
    );
    const [nested] = Object.values(Template.fromStack(stack).findResources('AWS::CloudFormation::Stack'));
    expect(Object.values<any>(nested.Properties.Parameters)).toEqual([
      { 'Fn::GetAtt': [expect.stringMatching(/^BackupContinuation[0-9A-F]{8}$/), 'BackupId'] },
    ]);
  });

  test('logical ids have room for the longest construct ids', () => {
    const stack = new Stack(new App(), 'Files');
    let scope: Construct = stack;
    for (let i = 0; i < 10; i++) scope = new Construct(scope, `${i}${'x'.repeat(60)}`);
    new FsxBackup(scope, 'Backup', { source, timeout, triggers: [BackupTrigger.onValue('1')] });
    for (const name of Object.keys(Template.fromStack(stack).toJSON().Resources)) {
      expect(name).toMatch(/^[A-Za-z0-9]{1,255}$/);
    }
  });
});
