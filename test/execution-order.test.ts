import {
  Annotations,
  App,
  aws_ec2 as ec2,
  aws_fsx as fsx,
  aws_iam as iam,
  aws_kms as kms,
  aws_ssm as ssm,
  CfnOutput,
  CfnParameter,
  CfnResource,
  Duration,
  Fn,
  NestedStack,
  RemovalPolicy,
  Stack,
  Stage,
  Tags,
} from 'aws-cdk-lib';
import { Annotations as AssertedAnnotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Trigger } from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import {
  BackupSource,
  BackupTrigger,
  FsxBackup,
  FsxBackupProps,
  FsxBackupProvider,
  FsxFinalBackup,
} from '../src';

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const parameter = (scope: Construct, id: string, value = '1') =>
  new ssm.CfnParameter(scope, id, { type: 'String', value });
const define = (props: Partial<FsxBackupProps> = {}, scope: Construct = stack, id = 'Backup') =>
  new FsxBackup(scope, id, { source, ...props });
const fileSystem = (id = 'Fs', scope: Construct = stack) =>
  new fsx.CfnFileSystem(scope, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });

function service(id = 'Service', scope: Construct = stack): Construct {
  const construct = new Construct(scope, id);
  parameter(construct, 'One');
  parameter(new Construct(construct, 'Deep'), 'Two');
  return construct;
}

function resourcesOf(of: Stack = stack): Record<string, any> {
  return Template.fromStack(of).toJSON().Resources;
}

/** The logical ids that these resources wait for, each once, by the beginnings of their own. */
function waitsFor(prefix: string, of: Stack = stack): string[] {
  const matching = Object.entries(resourcesOf(of)).filter(([id]) => id.startsWith(prefix));
  expect(matching).not.toEqual([]);
  return [...new Set(matching.flatMap(([, { DependsOn = [] }]) => [DependsOn].flat() as string[]))];
}

/** The stacks that are deployed before this one. */
function dependenciesOf(of: Stack): string[] {
  return of.dependencies.map(({ node }) => node.path);
}

const BACKUP = expect.stringMatching(/^Backup[0-9A-F]{8}$/);
const PROVIDER_POLICY = expect.stringMatching(/^FsxBackupDefaultProviderPolicy/);

/** Each way to say it. */
type Way = (scopes: Construct[], props?: Partial<FsxBackupProps>) => void;
const WAYS: Array<[string, Way, Way]> = [
  [
    'as a property',
    (executeBefore, props) => define({ executeBefore, ...props }),
    (executeAfter, props) => define({ executeAfter, ...props }),
  ],
  [
    'as a method',
    (scopes, props) => define(props).executeBefore(...scopes),
    (scopes, props) => define(props).executeAfter(...scopes),
  ],
];

describe.each(WAYS)('executeBefore and executeAfter %s', (_, before, after) => {
  test('of a construct: all that is in it waits', () => {
    before([service()]);
    for (const id of ['ServiceOne', 'ServiceDeepTwo']) expect(waitsFor(id)).toEqual([BACKUP]);
  });

  test('of a construct: the backup waits for all that is in it, and for its policy', () => {
    after([service()]);
    expect(waitsFor('Backup')).toEqual([
      PROVIDER_POLICY,
      expect.stringMatching(/^ServiceDeepTwo/),
      expect.stringMatching(/^ServiceOne/),
    ]);
  });

  test('of a resource', () => {
    before([parameter(stack, 'One')]);
    expect(waitsFor('One')).toEqual([BACKUP]);
  });

  test('of several constructs', () => {
    before([service('A'), service('B')]);
    for (const id of ['AOne', 'BOne']) expect(waitsFor(id)).toEqual([BACKUP]);
  });

  test('of what comes into the construct later', () => {
    const late = new Construct(stack, 'Service');
    before([late]);
    parameter(late, 'Late');
    expect(waitsFor('ServiceLate')).toEqual([BACKUP]);
  });

  test('of what the backup waits for, when it comes later', () => {
    const late = new Construct(stack, 'Service');
    after([late]);
    parameter(late, 'Late');
    expect(waitsFor('Backup')).toContainEqual(expect.stringMatching(/^ServiceLate/));
  });

  test('of nothing is nothing', () => {
    before([]);
    expect(waitsFor('Backup')).toEqual([PROVIDER_POLICY]);
  });

  test('of an empty construct is nothing', () => {
    before([new Construct(stack, 'Empty')]);
    expect(waitsFor('Backup')).toEqual([PROVIDER_POLICY]);
  });

  test('of the whole stack: everything else waits, what comes later too, and nothing of the library', () => {
    service();
    before([stack]);
    parameter(stack, 'Late');
    define({}, stack, 'Other');
    new FsxFinalBackup(stack, 'Final', { source });
    for (const id of ['ServiceOne', 'ServiceDeepTwo', 'Late']) expect(waitsFor(id)).toEqual([BACKUP]);
    const own = Object.entries(resourcesOf()).filter(([id]) => !/^(Service|Late)/.test(id));
    for (const [, { DependsOn = [] }] of own) expect(DependsOn).not.toContainEqual(BACKUP);
  });

  test('of the whole stack: the backup waits for everything else', () => {
    service();
    after([stack]);
    parameter(stack, 'Late');
    define({}, stack, 'Other');
    expect(waitsFor('Backup')).toEqual([
      PROVIDER_POLICY,
      'Late',
      expect.stringMatching(/^ServiceDeepTwo/),
      expect.stringMatching(/^ServiceOne/),
    ]);
  });

  test('of the construct around the backup', () => {
    const around = service();
    const backup = new FsxBackup(around, 'Backup', { source });
    backup.executeBefore(around);
    parameter(stack, 'Outside');
    expect(waitsFor('ServiceOne')).toEqual([expect.stringMatching(/^ServiceBackup/)]);
    expect(waitsFor('Outside')).toEqual([]);
  });

  test('of the whole app: everything else of the stack, and the other stacks', () => {
    const other = new Stack(app, 'Other');
    parameter(other, 'One');
    service();
    before([app]);
    expect(waitsFor('ServiceOne')).toEqual([BACKUP]);
    expect(dependenciesOf(other)).toEqual(['Files']);
  });

  test('of another stack: that stack waits', () => {
    const other = new Stack(app, 'Other');
    before([other]);
    parameter(other, 'Late');
    app.synth();
    expect(dependenciesOf(other)).toEqual(['Files']);
    expect(dependenciesOf(stack)).toEqual([]);
  });

  test('of something in another stack: that stack waits', () => {
    const other = new Stack(app, 'Other');
    before([service('Service', other)]);
    app.synth();
    expect(dependenciesOf(other)).toEqual(['Files']);
    expect(waitsFor('ServiceOne', other)).toEqual([]);
  });

  test('of another stack: this one waits', () => {
    const other = new Stack(app, 'Other');
    parameter(other, 'One');
    after([other]);
    app.synth();
    expect(dependenciesOf(stack)).toEqual(['Other']);
  });

  test('of a nested stack: that waits as a whole', () => {
    const nested = new NestedStack(stack, 'Inner');
    before([nested]);
    parameter(nested, 'Late');
    expect(waitsFor('InnerNestedStack')).toEqual([BACKUP]);
    expect(waitsFor('Late', nested)).toEqual([]);
  });

  test('of a nested stack: the backup waits for it as a whole', () => {
    const nested = new NestedStack(stack, 'Inner');
    parameter(nested, 'One');
    after([nested]);
    expect(waitsFor('Backup')).toContainEqual(expect.stringMatching(/^InnerNestedStack/));
  });

  test('of the whole stack: nested stacks wait as a whole', () => {
    parameter(new NestedStack(stack, 'Inner'), 'One');
    before([stack]);
    expect(waitsFor('InnerNestedStack')).toEqual([BACKUP]);
  });

  test('both, of different constructs', () => {
    before([service('Later')], { executeAfter: [service('Earlier')] });
    expect(waitsFor('LaterOne')).toEqual([BACKUP]);
    expect(waitsFor('Backup')).toContainEqual(expect.stringMatching(/^EarlierOne/));
  });

  test('of another backup: they take turns', () => {
    const other = define({}, stack, 'Second');
    before([other]);
    expect(waitsFor('Second')).toEqual([BACKUP, PROVIDER_POLICY]);
  });

  test('with a timeout over an hour: the last continuation is waited for', () => {
    before([service()], { timeout: Duration.hours(6), triggers: [BackupTrigger.onValue('1')] });
    expect(waitsFor('ServiceOne')).toEqual(
      expect.arrayContaining([BACKUP, expect.stringMatching(/^BackupContinuation[0-9A-F]{8}$/)]),
    );
    for (const id of waitsFor('ServiceOne')) expect(Object.keys(resourcesOf())).toContain(id);
  });

  test('with a timeout over an hour, of the whole stack', () => {
    service();
    before([stack], { timeout: Duration.hours(6), triggers: [BackupTrigger.onChangeOf(stack)] });
    expect(waitsFor('ServiceOne')).toContainEqual(expect.stringMatching(/^BackupContinuation[0-9A-F]{8}$/));
    expect(waitsFor('BackupContinuation')).toEqual([PROVIDER_POLICY]);
  });
});

test('in a stage: everything of it waits', () => {
  const stage = new Stage(app, 'Prod');
  const [files, other] = ['Files', 'Other'].map((id) => new Stack(stage, id));
  const backup = define({}, files);
  backup.executeBefore(stage);
  parameter(files, 'One');
  parameter(other, 'Two');
  stage.synth();
  expect(dependenciesOf(other)).toEqual(['Prod/Files']);
  expect(stage.synth().getStackByName('Prod-Files').template.Resources.One.DependsOn).toEqual([BACKUP]);
});

test('it is what aws-cdk-lib/triggers calls a trigger', () => {
  const backup: Pick<Trigger, 'executeBefore' | 'executeAfter'> = define();
  backup.executeBefore(service());
  expect(waitsFor('ServiceOne')).toEqual([BACKUP]);
});

test("a nested stack's own backup comes before everything else in it", () => {
  const nested = new NestedStack(stack, 'Inner');
  define({ executeBefore: [nested] }, nested);
  parameter(nested, 'One');
  expect(waitsFor('One', nested)).toEqual([BACKUP]);
  expect(waitsFor('InnerNestedStack')).toEqual([]);
});

test("a nested stack's backup comes before what is around it", () => {
  const nested = new NestedStack(stack, 'Inner');
  define({ executeBefore: [parameter(stack, 'Outside')] }, nested);
  expect(waitsFor('Outside')).toEqual([expect.stringMatching(/^InnerNestedStack/)]);
});

test("a nested stack's backup comes before everything else in the stack around it", () => {
  const nested = new NestedStack(stack, 'Inner');
  define({ executeBefore: [stack] }, nested);
  parameter(stack, 'Outside');
  expect(waitsFor('Outside')).toEqual([expect.stringMatching(/^InnerNestedStack/)]);
  expect(waitsFor('InnerNestedStack')).toEqual([]);
});

describe('before the source itself', () => {
  const message = new RegExp(
    /"[\w/]*" cannot wait for backup "Files\/Backup": the backup refers to "[\w/]+" in it, /.source +
      /and so comes after its change\. .*use BackupSource\.fromDeployed or /.source +
      /FsxBackup\.beforeChangeOf/.source,
  );
  const lustre = (scope: Construct) => {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    return new fsx.LustreFileSystem(scope, 'Lustre', {
      vpc,
      vpcSubnet: vpc.privateSubnets[0],
      storageCapacityGiB: 1200,
      lustreConfiguration: {
        deploymentType: fsx.LustreDeploymentType.PERSISTENT_2,
        perUnitStorageThroughput: 125,
      },
    });
  };
  const volume = (scope: Construct) =>
    new fsx.CfnVolume(scope, 'Volume', {
      name: 'vol',
      volumeType: 'ONTAP',
      ontapConfiguration: { storageVirtualMachineId: 'svm-1' },
    });

  test.each<[string, (scope: Construct) => [BackupSource, Construct]]>([
    [
      'an L2',
      (scope) => {
        const made = lustre(scope);
        return [BackupSource.of(made), made];
      },
    ],
    [
      'the L1 in an L2',
      (scope) => {
        const made = lustre(scope);
        return [BackupSource.of(made), made.node.defaultChild as Construct];
      },
    ],
    [
      'an L1',
      (scope) => {
        const made = fileSystem('Fs', scope);
        return [BackupSource.of(made), made];
      },
    ],
    [
      'a volume',
      (scope) => {
        const made = volume(scope);
        return [BackupSource.of(made), made];
      },
    ],
    [
      'its id',
      (scope) => {
        const made = fileSystem('Fs', scope);
        return [BackupSource.fromFileSystemId(made.ref), made];
      },
    ],
    ['what contains it', (scope) => [BackupSource.of(fileSystem('Fs', scope)), scope]],
    ['the stack', (scope) => [BackupSource.of(fileSystem('Fs', scope)), stack]],
    ['the app', (scope) => [BackupSource.of(fileSystem('Fs', scope)), app]],
    [
      'its other stack',
      () => {
        const other = new Stack(app, 'Other');
        return [BackupSource.of(fileSystem('Fs', other)), other];
      },
    ],
    [
      'its nested stack',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        return [BackupSource.of(fileSystem('Fs', inner)), inner];
      },
    ],
  ])('%s is refused', (_, make) => {
    const [from, scope] = make(new Construct(stack, 'Scope'));
    expect(() => define({ source: from, executeBefore: [service(), scope] })).toThrow(message);
    const backup = define({ source: from }, stack, 'Second');
    expect(() => backup.executeBefore(service('Another'), scope)).toThrow(/"Files\/Second"/);
  });

  test.each<[string, (scope: Construct) => [Construct, Construct]]>([
    [
      'an L2',
      (scope) => {
        const made = lustre(scope);
        return [made, made];
      },
    ],
    [
      'an L1',
      (scope) => {
        const made = fileSystem('Fs', scope);
        return [made, made];
      },
    ],
    [
      'a volume',
      (scope) => {
        const made = volume(scope);
        return [made, made];
      },
    ],
    ['what contains it', (scope) => [fileSystem('Fs', scope), scope]],
    ['the stack', (scope) => [fileSystem('Fs', scope), stack]],
  ])('%s is fine with fromDeployed', (_, make) => {
    const [made, scope] = make(new Construct(stack, 'Scope'));
    define({ source: BackupSource.fromDeployed(made), executeBefore: [scope] });
    expect(waitsFor('Scope')).toContainEqual(BACKUP);
  });

  test.each(['after it', 'after what contains it', 'after the stack'])(
    'a backup %s is what it is anyway',
    (what) => {
      const scope = new Construct(stack, 'Scope');
      const made = fileSystem('Fs', scope);
      parameter(stack, 'One');
      define({
        source: BackupSource.of(made),
        executeAfter: [what === 'after it' ? made : what === 'after the stack' ? stack : scope],
      });
      expect(() => app.synth()).not.toThrow();
      expect(waitsFor('Backup')).toContainEqual(expect.stringMatching(/^ScopeFs/));
    },
  );
});

describe('a circle', () => {
  const circle = () => {
    let message = '';
    try {
      app.synth();
    } catch (error: any) {
      message = error.message;
    }
    return message;
  };

  test('of before and after the same is refused, with its path and what to do', () => {
    const one = service();
    define({ executeBefore: [one], executeAfter: [one] });
    expect(circle()).toMatch(
      new RegExp(
        /a backup waits for itself: "Files\/Backup\/Resource\/Default" waits for /.source +
          /"Files\/Service\/(Deep\/Two|One)" waits for "Files\/Backup\/Resource\/Default"\. Take /.source +
          /one of them out of executeBefore, executeAfter or its dependencies; .*/.source +
          /BackupSource\.fromDeployed/.source,
      ),
    );
  });

  test.each<[string, () => void, RegExp]>([
    [
      'by a dependency',
      () => {
        const [one, two] = [parameter(stack, 'One'), parameter(stack, 'Two')];
        two.node.addDependency(one);
        define({ executeBefore: [one], executeAfter: [two] });
      },
      new RegExp(
        /"Files\/Backup\/Resource\/Default" waits for "Files\/Two" waits for "Files\/One" /.source +
          /waits for "Files\/Backup/.source,
      ),
    ],
    [
      'by a reference',
      () => {
        const one = parameter(stack, 'One');
        define({ executeBefore: [one], executeAfter: [parameter(stack, 'Two', one.ref)] });
      },
      /"Files\/Two" waits for "Files\/One"/,
    ],
    [
      'by an attribute in a text',
      () => {
        const one = parameter(stack, 'One');
        define({ executeBefore: [one], executeAfter: [parameter(stack, 'Two', `${one.attrValue}.`)] });
      },
      /"Files\/Two" waits for "Files\/One"/,
    ],
    [
      'by Fn::Sub',
      () => {
        const one = parameter(stack, 'One');
        define({ executeBefore: [one], executeAfter: [parameter(stack, 'Two', Fn.sub('x ${One.Value}'))] });
      },
      /"Files\/Two" waits for "Files\/One"/,
    ],
    [
      'by a variable of Fn::Sub',
      () => {
        const one = parameter(stack, 'One');
        define({
          executeBefore: [one],
          executeAfter: [parameter(stack, 'Two', Fn.sub('x ${Value}', { Value: one.ref }))],
        });
      },
      /"Files\/Two" waits for "Files\/One"/,
    ],
    [
      'by a dependency that is overridden',
      () => {
        const [one, two] = [parameter(stack, 'One'), parameter(stack, 'Two')];
        two.addOverride('DependsOn', 'One');
        define({ executeBefore: [one], executeAfter: [two] });
      },
      /"Files\/Two" waits for "Files\/One"/,
    ],
    [
      'by an L1 without its class',
      () => {
        const one = parameter(stack, 'One');
        const two = new CfnResource(stack, 'Two', {
          type: 'AWS::X::Y',
          properties: { A: { 'Fn::GetAtt': 'One.Value' } },
        });
        define({ executeBefore: [one], executeAfter: [two] });
      },
      /"Files\/Two" waits for "Files\/One"/,
    ],
    [
      'by a tag',
      () => {
        const one = parameter(stack, 'One');
        Tags.of(define({ executeBefore: [one] })).add('one', one.ref);
      },
      /"Files\/Backup\/Resource\/Default" waits for "Files\/One" waits for/,
    ],
    [
      'by a trigger',
      () => {
        const one = parameter(stack, 'One');
        define({ executeBefore: [one], triggers: [BackupTrigger.onValue(one.attrValue)] });
      },
      /"Files\/Backup\/Resource\/Default" waits for "Files\/One" waits for/,
    ],
    [
      'by what the source needs',
      () => {
        const network = new ec2.CfnSecurityGroup(stack, 'Network', { groupDescription: 'x' });
        const made = fileSystem();
        made.securityGroupIds = [network.ref];
        define({ source: BackupSource.of(made), executeBefore: [network] });
      },
      /"Files\/Fs" waits for "Files\/Network" waits for "Files\/Backup\/Resource\/Default".*fromDeployed/,
    ],
    [
      'by what the engine needs',
      () => {
        const key = new kms.Key(stack, 'Key');
        define({
          provider: new FsxBackupProvider(stack, 'Mine', { encryptionKey: key }),
          executeBefore: [key],
        });
      },
      /waits for "Files\/Key\/Resource" waits for "Files\/Backup\/Resource\/Default"/,
    ],
    [
      'by the engine in a scope',
      () => {
        const scope = service();
        define({ provider: new FsxBackupProvider(scope, 'Mine'), executeBefore: [scope] });
      },
      /waits for "Files\/Service\/Mine\//,
    ],
    [
      'by the whole stack, which has the key of the engine in it',
      () => {
        define({
          provider: new FsxBackupProvider(stack, 'Mine', { encryptionKey: new kms.Key(stack, 'Key') }),
          executeBefore: [stack],
        });
      },
      /"Files\/Key\/Resource" waits for/,
    ],
    [
      'of two backups',
      () => {
        const [one, two] = [define({}, stack, 'One'), define({}, stack, 'Two')];
        one.executeBefore(two);
        two.executeBefore(one);
      },
      new RegExp(
        /"Files\/One\/Resource\/Default" waits for "Files\/Two\/Resource\/Default" waits for /.source +
          /"Files\/One\/Resource\/Default"/.source,
      ),
    ],
    [
      'of two backups that each come before the rest',
      () => {
        const [one, two] = [service('A'), service('B')];
        define({ executeBefore: [one], executeAfter: [two] }, stack, 'One');
        define({ executeBefore: [two], executeAfter: [one] }, stack, 'Two');
      },
      /a backup waits for itself: "Files\/One/,
    ],
    [
      'with a timeout over an hour',
      () => {
        const one = parameter(stack, 'One');
        define({
          executeBefore: [one],
          executeAfter: [one],
          timeout: Duration.hours(6),
          triggers: [BackupTrigger.onValue('1')],
        });
      },
      /"Files\/One"/,
    ],
    [
      'through a nested stack',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        parameter(inner, 'One');
        define({ executeBefore: [inner], executeAfter: [inner] });
      },
      /waits for "Files\/Inner.NestedStack\/Inner.NestedStackResource" waits for/,
    ],
    [
      'through the parameter of a nested stack',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        const outside = parameter(stack, 'Outside');
        parameter(inner, 'One', outside.ref);
        define({ executeBefore: [outside], executeAfter: [inner] });
      },
      /waits for "Files\/Inner.NestedStack\/Inner.NestedStackResource" waits for "Files\/Outside"/,
    ],
    [
      'in a nested stack',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        const one = parameter(inner, 'One');
        define({ executeBefore: [one], executeAfter: [one] }, inner);
      },
      /"Files\/Inner\/Backup\/Resource\/Default" waits for "Files\/Inner\/One"/,
    ],
  ])('%s is refused', (_, make, path) => {
    make();
    expect(circle()).toMatch(path);
  });

  test('of a final backup, too', () => {
    const key = new kms.Key(stack, 'Key');
    key.node.addDependency(
      new FsxFinalBackup(stack, 'Final', {
        source,
        provider: new FsxBackupProvider(stack, 'Mine', { encryptionKey: key }),
      }),
    );
    expect(circle()).toMatch(/a backup waits for itself: "Files\/Final\/Resource\/Default" waits for/);
  });

  test('is told once for each backup, by the shortest way', () => {
    const services = ['A', 'B', 'C'].map((id) => parameter(stack, id));
    services.forEach((one, index) =>
      services.slice(0, index).forEach((other) => one.node.addDependency(other)),
    );
    define({ executeBefore: services, executeAfter: services });
    expect(circle().match(/a backup waits for itself/g)).toHaveLength(1);
    expect(circle().match(/waits for "/g)).toHaveLength(2);
  });

  test('between stacks is refused by CDK', () => {
    const other = new Stack(app, 'Other');
    const one = parameter(other, 'One');
    define({ executeBefore: [other] });
    parameter(stack, 'Two', one.ref);
    expect(circle()).toMatch(/cyclic reference/);
  });

  test("between others is none of this library's business", () => {
    const [one, two] = [parameter(stack, 'One'), parameter(stack, 'Two')];
    one.addOverride('DependsOn', 'Two');
    two.addOverride('DependsOn', 'One');
    define({ executeBefore: [service()] });
    expect(circle()).toBe('');
  });

  test.each<[string, () => Stack]>([
    ["the stack around the backup's own", () => new NestedStack(stack, 'Inner')],
    ['the stack around that', () => new NestedStack(new NestedStack(stack, 'Middle'), 'Inner')],
  ])('through %s is refused', (_, make) => {
    const inner = make();
    const one = parameter(stack, 'One');
    Tags.of(define({ executeBefore: [one] }, inner)).add('one', one.ref);
    expect(circle()).toMatch(/a backup waits for itself/);
  });
});

describe('no circle', () => {
  test.each<[string, () => void]>([
    [
      'everything at once',
      () => {
        const key = new kms.Key(stack, 'Key');
        const role = new iam.Role(stack, 'Role', {
          assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
        });
        const provider = new FsxBackupProvider(stack, 'Mine', {
          encryptionKey: key,
          role,
          vpc: new ec2.Vpc(stack, 'Vpc'),
        });
        const made = fileSystem();
        const one = service();
        const first = define({
          source: BackupSource.of(made),
          provider,
          executeBefore: [one],
          removalPolicy: RemovalPolicy.DESTROY,
        });
        define({ source: BackupSource.of(made), executeAfter: [one, first], keepLast: 2 }, stack, 'Second');
        FsxBackup.beforeChangeOf(stack, 'Guard', made, { provider, timeout: Duration.hours(6) });
        new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(made), provider });
      },
    ],
    [
      'a guard before a file system that is backed up after its change, too',
      () => {
        const made = fileSystem();
        FsxBackup.beforeChangeOf(stack, 'Guard', made);
        define({ source: BackupSource.of(made) });
      },
    ],
    [
      'guards of two file systems, one of which needs the other',
      () => {
        const [one, two] = [fileSystem('One'), fileSystem('Two')];
        two.node.addDependency(one);
        FsxBackup.beforeChangeOf(stack, 'GuardOne', one);
        FsxBackup.beforeChangeOf(stack, 'GuardTwo', two);
      },
    ],
    [
      'a guard before its whole stack, with what its file system needs in it',
      () => {
        const vpc = new ec2.Vpc(stack, 'Vpc');
        const made = fileSystem();
        made.subnetIds = [vpc.privateSubnets[0].subnetId];
        FsxBackup.beforeChangeOf(stack, 'Guard', made, { executeBefore: [stack] });
      },
    ],
    [
      'several before the whole stack',
      () => {
        service();
        for (const id of ['A', 'B', 'C']) define({ executeBefore: [stack] }, stack, id);
      },
    ],
    [
      'one before and one after the whole stack',
      () => {
        service();
        define({ executeBefore: [stack] }, stack, 'A');
        define({ executeAfter: [stack] }, stack, 'B');
      },
    ],
    [
      'a backup between two upgrades',
      () => {
        define({ executeBefore: [service('B')], executeAfter: [service('A')] });
      },
    ],
    [
      'a file system that is restored from one backup and backed up by another',
      () => {
        const first = define({ source: BackupSource.of(fileSystem()) });
        const clone = fileSystem('Clone');
        clone.backupId = first.backupId;
        define({ source: BackupSource.of(clone) }, stack, 'Second');
      },
    ],
    [
      'outputs, parameters and conditions of the same names',
      () => {
        define({
          executeBefore: [service()],
          triggers: [BackupTrigger.onValue(new CfnParameter(stack, 'In').valueAsString)],
        });
        new CfnOutput(stack, 'Out', { value: (stack.node.findChild('Backup') as FsxBackup).backupId });
      },
    ],
    [
      'a text that only looks like a reference',
      () => {
        const waiting = parameter(stack, 'Waiting');
        define({
          executeBefore: [waiting],
          executeAfter: [
            parameter(stack, 'Text', Fn.sub('${!Waiting} ${AWS::StackName}')),
            parameter(stack, 'Plain', '${Waiting}'),
          ],
        });
      },
    ],
    [
      "the backup's own attributes in what waits for it",
      () => {
        const one = service();
        const backup = define({ executeBefore: [one] });
        parameter(one, 'Id', backup.backupId);
      },
    ],
    [
      'a nested stack of its own',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        FsxBackup.beforeChangeOf(inner, 'Guard', fileSystem('Fs', inner), { executeBefore: [inner] });
        parameter(inner, 'One');
      },
    ],
  ])('%s', (_, make) => {
    make();
    expect(() => app.synth()).not.toThrow();
    expect(() => Template.fromStack(stack)).not.toThrow(); // it has a look of its own for circles
  });

  test('a variable of Fn::Sub that is called like a resource', () => {
    const waiting = parameter(stack, 'Waiting');
    define({
      executeBefore: [waiting],
      executeAfter: [parameter(stack, 'Text', Fn.sub('${Waiting}', { Waiting: '1' }))],
    });
    expect(() => app.synth()).not.toThrow();
  });
});

describe('executeBefore of what another stack defines', () => {
  const ID = 'cdk-fsx-backup:executeBeforeOtherStack';
  const warnings = () =>
    AssertedAnnotations.fromStack(stack)
      .findWarning('*', Match.stringLikeRegexp(ID))
      .map(({ id, entry }) => `${id} ${entry.data}`);

  test.each<[string, () => Construct]>([
    ['a stack', () => new Stack(app, 'Other')],
    ['a construct in one', () => service('Service', new Stack(app, 'Other'))],
    ['what contains one', () => new Stack(new Construct(app, 'Group'), 'Other').node.scope as Construct],
  ])('draws a warning: %s', (_, other) => {
    define({ executeBefore: [other()] });
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^\/Files\/Backup executeBefore names ".*", which is in another stack\. If that stack is deployed /,
      ),
    ]);
    expect(warnings()[0]).toContain(ID);
  });

  test.each<[string, () => Construct]>([
    ['the same stack', () => service()],
    ['a nested stack', () => new NestedStack(stack, 'Inner')],
    ['the whole app', () => app],
  ])('draws none: %s', (_, other) => {
    define({ executeBefore: [other()] });
    expect(warnings()).toEqual([]);
  });

  test('can be acknowledged', () => {
    Annotations.of(define({ executeBefore: [new Stack(app, 'Other')] })).acknowledgeWarning(ID);
    expect(warnings()).toEqual([]);
  });
});

test('the order is looked at anew in each synthesis', () => {
  const final = new FsxFinalBackup(stack, 'Final', { source });
  const waiting = service();
  waiting.node.addDependency(final);
  app.synth();
  final.node.addDependency(waiting);
  expect(() => app.synth({ force: true })).toThrow(/a backup waits for itself/);
});
