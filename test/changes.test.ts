import { App, CfnCondition, CfnParameter, CfnResource, Fn, NestedStack, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup } from '../src';

/*
 * What `onChangeOf` says in the template: a hash of the text, and the functions whose values CloudFormation
 * compares. What it does when it is deployed is in e2e/changes.test.ts.
 */

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');

interface Setting {
  readonly stack: Stack;
  readonly backup: FsxBackup;
  /** Define something in the service, which the backup is about. */
  readonly service: (value: unknown, id?: string) => CfnResource;
}

const resource = (scope: Construct, id: string, properties: object = {}) =>
  new CfnResource(scope, id, { type: 'AWS::X::Y', properties: { ...properties } });

function setUp(define: (setting: Setting) => void, executeBefore = true) {
  const stack = new Stack(new App(), 'Files');
  const scope = new Construct(stack, 'Service');
  const backup = new FsxBackup(stack, 'Backup', {
    source,
    triggers: [BackupTrigger.onChangeOf(scope)],
    executeBefore: executeBefore ? [scope] : [],
  });
  const service = (value: unknown, id = 'One') => {
    const one = resource(scope, id, { Value: value });
    one.overrideLogicalId(id);
    return one;
  };
  define({ stack, backup, service });
  return stack;
}

/** The hash, and the values. */
function triggerOf(stack: Stack): { hash: string; values: unknown[] } {
  const [backup] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
  const [trigger] = backup.Properties.Triggers;
  const [hash, ...values] = [trigger].flat(1);
  return { hash, values };
}

const valuesOf = (define: (setting: Setting) => void) => triggerOf(setUp(define)).values;
const hashOf = (define: (setting: Setting) => void) => triggerOf(setUp(define)).hash;
const group = (stack: Stack, id = 'Group') => resource(stack, id).getAtt('GroupId').toString();
const GROUP = { 'Fn::GetAtt': ['Group', 'GroupId'] };

describe('values', () => {
  test.each<[string, (stack: Stack) => unknown, unknown[]]>([
    ['a text', () => 'plain', []],
    ['a reference', (stack) => resource(stack, 'Other').ref, [{ Ref: 'Other' }]],
    ['an attribute', (stack) => group(stack), [GROUP]],
    ['a parameter', (stack) => new CfnParameter(stack, 'In').valueAsString, [{ Ref: 'In' }]],
    ['a text with a value in it', (stack) => `a ${group(stack)} b`, [GROUP]],
    ['Fn::Join, of what is in it', (stack) => Fn.join('-', ['a', group(stack)]), [GROUP]],
    ['Fn::Base64, of what is in it', (stack) => Fn.base64(group(stack)), [GROUP]],
    [
      'Fn::Sub, of what is in it',
      (stack) =>
        group(stack) && { 'Fn::Sub': ['${Group.GroupId} ${Own} ${!Text} ${AWS::Region}', { Own: 'x' }] },
      [GROUP],
    ],
    [
      'Fn::Select and Fn::Split, as they are',
      (stack) => Fn.select(1, Fn.split('-', group(stack))),
      [{ 'Fn::Select': [1, { 'Fn::Split': ['-', GROUP] }] }],
    ],
    ['Fn::ImportValue', () => Fn.importValue('x'), [{ 'Fn::ImportValue': 'x' }]],
    [
      'Fn::GetStackOutput',
      () => ({ 'Fn::GetStackOutput': { StackName: 'A', OutputName: 'B' } }),
      [{ 'Fn::GetStackOutput': { StackName: 'A', OutputName: 'B' } }],
    ],
    ['a pseudo parameter, which never changes', () => Fn.ref('AWS::Region'), []],
    ['a function that is not known', () => ({ 'Fn::Transform': { Name: 'AWS::Include' } }), []],
    [
      'one value in several places, once',
      (stack) => [group(stack), { a: Fn.getAtt('Group', 'GroupId') }],
      [GROUP],
    ],
    ['what is not in the template', () => Fn.ref('Nothing'), []],
  ])('%s', (_, give, values) => {
    expect(valuesOf(({ stack, service }) => void service(give(stack)))).toEqual(values);
  });

  test('that change their places are another trigger', () => {
    const [one, two] = [
      ['A', 'B'],
      ['B', 'A'],
    ].map((ids) =>
      triggerOf(
        setUp(({ stack, service }) => {
          for (const id of ['A', 'B']) resource(stack, id);
          service(ids.map((id) => Fn.ref(id)));
        }),
      ),
    );
    expect(one).not.toEqual(two);
  });

  test('of a resource under a condition are under that, which is a value itself', () => {
    const values = valuesOf(({ stack, service }) => {
      const condition = new CfnCondition(stack, 'Is', { expression: Fn.conditionEquals('a', 'b') });
      service(group(stack)).cfnOptions.condition = condition;
    });
    expect(values).toEqual([{ 'Fn::If': ['Is', 'true', 'false'] }, { 'Fn::If': ['Is', GROUP, ''] }]);
  });

  test('of Fn::If are copied as a whole, without AWS::NoValue, which would leave a gap', () => {
    const values = valuesOf(({ stack, service }) => {
      service({ 'Fn::If': ['Is', group(stack), { Ref: 'AWS::NoValue' }] });
    });
    expect(values).toEqual([{ 'Fn::If': ['Is', GROUP, ''] }]);
  });

  test('of Fn::If with a branch that waits are copied one by one, each under its condition', () => {
    const values = valuesOf(({ stack, service }) => {
      service('x', 'Waiting');
      service({ 'Fn::If': ['Is', [group(stack), Fn.ref('Waiting')], group(stack, 'Second')] });
    });
    expect(values).toEqual([
      { 'Fn::If': ['Is', 'true', 'false'] },
      { 'Fn::If': ['Is', GROUP, ''] },
      { 'Fn::If': ['Is', '', { 'Fn::GetAtt': ['Second', 'GroupId'] }] },
    ]);
  });

  test('of more than 500 are refused', () => {
    const many = (count: number) => {
      const stack = setUp(({ stack: within, service }) => {
        const all = Array.from({ length: count }, (_, index) => new CfnParameter(within, `P${index}`));
        service(all.map((one) => one.valueAsString));
      });
      (stack.node.root as App).synth();
    };
    expect(() => many(200)).not.toThrow();
    expect(() => {
      const stack = setUp(({ service }) => {
        service(Array.from({ length: 501 }, (_, index) => Fn.importValue(`v${index}`)));
      });
      (stack.node.root as App).synth();
    }).toThrow('covers resources that use 501 values known only at deployment, and at most 500');
  });
});

describe('what waits for a backup cannot be referred to', () => {
  /** A network that waits for a backup, and refers to something that does not. */
  const network = ({ stack, backup }: Setting, text: string) => {
    const waiting = resource(stack, 'Network', { Text: text, Group: group(stack) });
    waiting.node.addDependency(backup);
    return waiting;
  };

  test('its text counts instead, and what it refers to', () => {
    const define = (text: string) => (setting: Setting) =>
      void setting.service(network(setting, text).getAtt('Id'));
    expect(valuesOf(define('a'))).toEqual([GROUP]);
    expect(hashOf(define('a'))).not.toBe(hashOf(define('b')));
  });

  test('but for what the backup waits for itself, such as what it is a backup of', () => {
    const define = (text: string) => (setting: Setting) => {
      const { stack, service } = setting;
      const waiting = network(setting, text);
      const other = new FsxBackup(stack, 'Second', {
        source: BackupSource.fromFileSystemId(waiting.getAtt('Id').toString()),
        triggers: [BackupTrigger.onChangeOf(service(waiting.getAtt('Id')))],
      });
      return stack.getLogicalId(other.node.findChild('Resource').node.defaultChild as CfnResource);
    };
    const told = (text: string) => {
      let id = '';
      const stack = setUp((setting) => (id = define(text)(setting)) && undefined);
      return Template.fromStack(stack).toJSON().Resources[id].Properties.Triggers;
    };
    expect(told('a')).toEqual([[expect.stringMatching(/^onChangeOf:/), { 'Fn::GetAtt': ['Network', 'Id'] }]]);
    expect(told('b')).toEqual(told('a'));
  });

  test('nor what waits for something that waits', () => {
    const values = valuesOf((setting) => {
      const further = resource(setting.stack, 'Further', { Network: network(setting, 'a').ref });
      setting.service(further.ref);
    });
    expect(values).toEqual([GROUP]);
  });

  test('nor what waits for another backup', () => {
    const values = valuesOf(({ stack, service }) => {
      const other = new FsxBackup(stack, 'Other', { source });
      const waiting = resource(stack, 'Waiting', { Id: other.backupId });
      service(waiting.ref);
    });
    expect(values).toEqual([]);
  });

  test('nor an output of a nested stack that waits: what that stands for counts', () => {
    const define = (text: string) => (setting: Setting) => {
      const { stack, backup, service } = setting;
      const outer = group(stack);
      const nested = new NestedStack(stack, 'Inner');
      nested.node.addDependency(backup);
      service(resource(nested, 'Deep', { Text: text, Group: outer }).getAtt('Id'));
    };
    expect(valuesOf(define('a'))).toEqual([GROUP]);
    expect(hashOf(define('a'))).not.toBe(hashOf(define('b')));
  });
});

test('of a resource in a nested stack: what the stack around gives to it', () => {
  const stack = setUp(({ stack: outer, backup }) => {
    resource(outer.node.findChild('Service') as Construct, 'One');
    const deep = resource(new NestedStack(outer, 'Inner'), 'Deep', { Group: group(outer) });
    backup.addTrigger(BackupTrigger.onChangeOf(deep));
  });
  const [backup] = Object.values(Template.fromStack(stack).findResources('Custom::FsxBackup'));
  expect(backup.Properties.Triggers).toContainEqual([expect.stringMatching(/^onChangeOf:/), GROUP]);
});

test('draws no warning where everything is seen', () => {
  const stack = setUp(({ stack: within, service }) => void service(group(within)));
  expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toEqual([]);
});

test('of the text of a fixed template stays the same in each version: an upgrade takes no backup', () => {
  const stack = setUp(({ stack: within, service }) => {
    service({ Plain: 'text', Number: 1, List: ['a', group(within)], Text: `a ${group(within, 'Second')}` });
    service(new CfnParameter(within, 'In', { type: 'CommaDelimitedList' }).valueAsList, 'Two');
  });
  expect(triggerOf(stack).hash).toMatchInlineSnapshot(`"onChangeOf:d9da5a8098580792"`);
});
