import {
  Annotations as CdkAnnotations,
  App,
  aws_fsx as fsx,
  aws_ssm as ssm,
  CfnOutput,
  CfnResource,
  Duration,
  NestedStack,
  RemovalPolicies,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup, FsxBackupProps, FsxFinalBackup } from '../src';

/* What is almost certainly a mistake, and is said when the app is synthesized. */

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

const source = BackupSource.fromFileSystemId('fs-0498eed5fe91001ec');
const onValue = [BackupTrigger.onValue('1')];
const define = (props: Partial<FsxBackupProps> = {}, scope: Construct = stack, id = 'Backup') =>
  new FsxBackup(scope, id, { source, ...props });
const parameter = (id: string, scope: Construct = stack, value = '1') =>
  new ssm.CfnParameter(scope, id, { type: 'String', value });
const fileSystem = (scope: Construct = stack) =>
  new fsx.CfnFileSystem(scope, 'Fs', { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'] });

/** The warnings of all stacks: where, and what. */
function warnings(): string[] {
  return app.node
    .findAll()
    .filter((each): each is Stack => Stack.isStack(each) && each.nestedStackParent === undefined)
    .flatMap((each) => Annotations.fromStack(each).findWarning('*', Match.stringLikeRegexp('cdk-fsx-backup')))
    .map(({ id, entry }) => `${id}: ${entry.data}`);
}

interface Mistake {
  readonly id: string;
  readonly text: RegExp;
  readonly make: () => void;
}

const MISTAKES: Record<string, Mistake> = {
  'triggers, and nothing that waits': {
    id: 'nothingWaits',
    text: /^\/Files\/Backup: its triggers take other backups, and nothing waits for them: .*executeBefore/,
    make: () => {
      define({ triggers: onValue });
      parameter('Service');
    },
  },
  'something that waits, and no triggers': {
    id: 'waitWithoutTriggers',
    text: /: executeBefore names "Files\/Service", and there are no triggers: .*FsxBackup\.beforeChangeOf/,
    make: () => define({ executeBefore: [parameter('Service')] }),
  },
  'a trigger on one thing, and the wait of another': {
    id: 'anotherWaits',
    text: new RegExp(
      /^\/Files\/Backup: BackupTrigger.onChangeOf covers "Files\/Watched", which does not wait for /.source +
        /the backup, and "Files\/Service" does: .*executeBefore/.source,
    ),
    make: () =>
      define({
        triggers: [BackupTrigger.onChangeOf(parameter('Watched'))],
        executeBefore: [parameter('Service')],
      }),
  },
  'executeBefore of what defines no resource': {
    id: 'executeBeforeNothing',
    text: /^\/Files\/Backup: executeBefore names "Files\/Empty", which defines no resource, .*: name /,
    make: () => define({ triggers: onValue, executeBefore: [new Construct(stack, 'Empty')] }),
  },
  'keepLast without triggers': {
    id: 'keepLastWithoutTriggers',
    text: /^\/Files\/Backup: keepLast is 3, and there are no triggers: .*Add triggers/,
    make: () => define({ keepLast: 3 }),
  },
  'a final backup of a file system that is retained': {
    id: 'finalOfRetained',
    text: /^\/Files\/Final: "Files\/Fs" is retained.*RemovalPolicy\.DESTROY/,
    make: () => {
      const made = fileSystem();
      made.applyRemovalPolicy(RemovalPolicy.RETAIN);
      new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(made) });
    },
  },
  'an aspect that would delete backups': {
    id: 'removalPolicyOfResource',
    text: /^\/Files\/Backup: .*removal policy of its resource to Delete.*RETAIN.*backup\.applyRemovalPolicy/,
    make: () => {
      define();
      RemovalPolicies.of(stack).destroy();
    },
  },
};

describe.each(Object.entries(MISTAKES))('%s', (_, { id, text, make }) => {
  test('draws a warning, and no other', () => {
    make();
    expect(warnings()).toEqual([expect.stringMatching(text)]);
    expect(warnings()[0]).toContain(`[ack: cdk-fsx-backup:${id}]`);
  });

  test('draws none where that was acknowledged', () => {
    make();
    CdkAnnotations.of(stack).acknowledgeWarning(`cdk-fsx-backup:${id}`);
    expect(warnings()).toEqual([]);
  });

  test('does not keep the app from being synthesized', () => {
    make();
    expect(() => app.synth()).not.toThrow();
  });
});

/** Each is a way of doing the same thing wrong. */
describe.each<[string, string, () => void]>([
  [
    'nothingWaits',
    'triggers that are added later',
    () => {
      define().addTrigger(...onValue);
      parameter('Service');
    },
  ],
  [
    'nothingWaits',
    'an output, which is no resource',
    () => {
      new CfnOutput(stack, 'Id', { value: define({ triggers: onValue }).backupId });
      parameter('Service');
    },
  ],
  [
    'nothingWaits',
    'a backup that waits',
    () => {
      define({ executeBefore: undefined }, stack, 'Next').node.addDependency(define({ triggers: onValue }));
      parameter('Service');
    },
  ],
  [
    'nothingWaits',
    'the changed file system itself, which the backup refers to',
    () => {
      const made = fileSystem();
      define({ source: BackupSource.of(made), triggers: [BackupTrigger.onChangeOf(made)] });
    },
  ],
  [
    'nothingWaits',
    'what a nested stack defines beside it',
    () => {
      define({ triggers: onValue });
      parameter('Service', new NestedStack(stack, 'Inner'));
    },
  ],
  [
    'nothingWaits',
    'what the stack around defines',
    () => {
      define({ triggers: onValue }, new NestedStack(stack, 'Inner'));
      parameter('Service');
    },
  ],
  [
    'nothingWaits',
    'what another stack defines',
    () => {
      const service = parameter('Service', new Stack(app, 'Other'));
      define({ triggers: [BackupTrigger.onChangeOf(service)] });
    },
  ],
  [
    'waitWithoutTriggers',
    'by the method',
    () => define({ source: BackupSource.fromDeployed(fileSystem()) }).executeBefore(stack),
  ],
  [
    'anotherWaits',
    'a nested stack that is covered, and does not wait',
    () => {
      const inner = new NestedStack(stack, 'Inner');
      parameter('Watched', inner);
      define({ triggers: [BackupTrigger.onChangeOf(inner)], executeBefore: [parameter('Service')] });
    },
  ],
  [
    'anotherWaits',
    'what only refers to the backup',
    () => {
      const { backupId } = define({ triggers: [BackupTrigger.onChangeOf(parameter('Watched'))] });
      parameter('Newest', stack, backupId);
    },
  ],
  [
    'anotherWaits',
    'a timeout of six hours',
    () =>
      define({
        triggers: [BackupTrigger.onChangeOf(parameter('Watched'))],
        executeBefore: [parameter('Service')],
        timeout: Duration.hours(6),
      }),
  ],
  [
    'executeBeforeNothing',
    'an imported construct',
    () =>
      define({
        triggers: onValue,
        executeBefore: [
          ec2.SecurityGroup.fromSecurityGroupId(stack, 'Imported', 'sg-1') as unknown as Construct,
          parameter('Service'),
        ],
      }),
  ],
  [
    'executeBeforeNothing',
    'a nested stack in which is nothing',
    () => define({ triggers: onValue, executeBefore: [new NestedStack(stack, 'Inner')] }),
  ],
  [
    'finalOfRetained',
    'an L2, by default',
    () => {
      const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 0 });
      const made = new fsx.LustreFileSystem(stack, 'Fs', {
        vpc,
        vpcSubnet: vpc.isolatedSubnets[0],
        storageCapacityGiB: 1200,
        lustreConfiguration: { deploymentType: fsx.LustreDeploymentType.PERSISTENT_2 },
      });
      new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(made) });
    },
  ],
  [
    'finalOfRetained',
    'one that is deleted only if its creation fails',
    () => {
      const made = fileSystem();
      made.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
      new FsxFinalBackup(stack, 'Final', { source: BackupSource.fromFileSystemId(made.ref) });
    },
  ],
  [
    'removalPolicyOfResource',
    'an aspect that keeps what has DESTROY',
    () => {
      define({ removalPolicy: RemovalPolicy.DESTROY });
      RemovalPolicies.of(stack).retain();
    },
  ],
])('%s is said of', (id, what, make) => {
  test(`${what}`, () => {
    make();
    expect(warnings()).toEqual([expect.stringContaining(`[ack: cdk-fsx-backup:${id}]`)]);
  });
});

describe('no warning is drawn by', () => {
  test.each<[string, () => void]>([
    ['one backup, once', () => define()],
    [
      'a service that waits, by a reference',
      () => parameter('Service', stack, define({ triggers: onValue }).backupId),
    ],
    [
      'a service that waits, by a dependency',
      () => parameter('Service').node.addDependency(define({ triggers: onValue })),
    ],
    [
      'a service that waits, by something between',
      () => {
        const between = parameter('Between');
        parameter('Service').node.addDependency(between);
        define({ triggers: onValue, executeBefore: [between] });
      },
    ],
    [
      'triggers, and a service that comes first',
      () => define({ triggers: onValue, executeAfter: [parameter('Service')] }),
    ],
    [
      'triggers, and a service that comes first, beside something else',
      () => {
        parameter('Beside');
        define({ triggers: onValue, executeAfter: [parameter('Service')] });
      },
    ],
    [
      'a trigger on what comes first',
      () => {
        const service = parameter('Service');
        define({ triggers: [BackupTrigger.onChangeOf(service)], executeAfter: [service] });
      },
    ],
    [
      'triggers, and a service that comes first, by a dependency',
      () => define({ triggers: onValue }).node.addDependency(parameter('Service')),
    ],
    [
      'triggers, and everything that comes first',
      () => {
        parameter('Service');
        define({ triggers: onValue, executeAfter: [stack] });
      },
    ],
    [
      'triggers, and nothing that could be changed but the source, which comes first',
      () => define({ source: BackupSource.of(fileSystem()), triggers: onValue }),
    ],
    [
      'triggers, and a nested stack that waits',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        parameter('Service', inner);
        define({ triggers: onValue, executeBefore: [inner] });
      },
    ],
    [
      'triggers in a nested stack, and the stack around it, which waits',
      () => {
        const backup = define({ triggers: onValue }, new NestedStack(stack, 'Inner'));
        backup.executeBefore(parameter('Service'));
      },
    ],
    [
      'triggers, and another stack that waits',
      () => {
        define({ triggers: onValue });
        parameter('Beside');
        const other = new Stack(app, 'Other');
        parameter('Service', other);
        other.addDependency(stack);
      },
    ],
    [
      'executeBefore of another backup',
      () => {
        const next = define({ triggers: onValue }, stack, 'Next');
        define({ triggers: onValue, executeBefore: [next] });
      },
    ],
    ['a guard of a file system', () => FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem())],
    [
      'a backup before the change of a service',
      () => FsxBackup.beforeChangeOf(stack, 'Before', parameter('Service'), { source, keepLast: 2 }),
    ],
    [
      'a backup before the change of a nested stack',
      () => {
        const inner = new NestedStack(stack, 'Inner');
        parameter('Service', inner);
        FsxBackup.beforeChangeOf(stack, 'Before', inner, { source });
      },
    ],
    [
      'a backup before the change of the whole stack',
      () => {
        parameter('Service');
        FsxBackup.beforeChangeOf(stack, 'Before', stack, { source });
      },
    ],
    [
      'a trigger on what a service uses, and the wait of the service',
      () => {
        const task = parameter('Task');
        const service = parameter('Service', stack, task.ref);
        define({ triggers: [BackupTrigger.onChangeOf(task)], executeBefore: [service] });
      },
    ],
    [
      'a trigger on one thing that comes first, and the wait of another',
      () => {
        const migration = parameter('Migration');
        define({
          triggers: [BackupTrigger.onChangeOf(migration)],
          executeAfter: [migration],
          executeBefore: [parameter('Service')],
        });
      },
    ],
    [
      'a trigger on two things, of which one waits',
      () => {
        const service = parameter('Service');
        const triggers = [BackupTrigger.onChangeOf(service), BackupTrigger.onChangeOf(parameter('Other'))];
        define({ triggers, executeBefore: [service] });
      },
    ],
    [
      'a trigger on one thing and on a version, and the wait of another',
      () =>
        define({
          triggers: [BackupTrigger.onChangeOf(parameter('Watched')), ...onValue],
          executeBefore: [parameter('Service')],
        }),
    ],
    [
      'a trigger on one thing, and the wait of another stack, which may use it',
      () => {
        define({ triggers: [BackupTrigger.onChangeOf(parameter('Watched'))] });
        const other = new Stack(app, 'Other');
        parameter('Service', other);
        other.addDependency(stack);
      },
    ],
    [
      'executeBefore of its own stack, though that has nothing else in it',
      () => define({ triggers: onValue, executeBefore: [stack] }),
    ],
    [
      'executeBefore of what is defined later',
      () => {
        const scope = new Construct(stack, 'Scope');
        define({ triggers: onValue, executeBefore: [scope] });
        parameter('Service', scope);
      },
    ],
    [
      'keepLast, and triggers that are added later',
      () => {
        const backup = define({ keepLast: 3 });
        backup.addTrigger(...onValue);
        backup.executeBefore(parameter('Service'));
      },
    ],
    [
      'a final backup of what is deleted',
      () => new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(fileSystem()) }),
    ],
    [
      'a final backup of what is deleted when it is replaced',
      () => {
        const made = fileSystem();
        made.cfnOptions.deletionPolicy = 'Retain' as any;
        new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(made) });
      },
    ],
    [
      'a final backup of what is deleted by an override',
      () => {
        const made = fileSystem();
        made.applyRemovalPolicy(RemovalPolicy.RETAIN);
        made.addOverride('DeletionPolicy', 'Delete');
        new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(made) });
      },
    ],
    ['a final backup of what another app defines', () => new FsxFinalBackup(stack, 'Final', { source })],
    [
      'an aspect that says what the backup says',
      () => {
        define({}, new Stack(app, 'Retained'));
        RemovalPolicies.of(app.node.findChild('Retained')).retain();
        define({ removalPolicy: RemovalPolicy.DESTROY });
        RemovalPolicies.of(stack).destroy();
      },
    ],
    [
      'an aspect that retains everything, where the last backups are kept',
      () => {
        define({ triggers: onValue, keepLast: 2 }).executeBefore(parameter('Service'));
        RemovalPolicies.of(stack).retain();
      },
    ],
    [
      'an aspect that leaves the backup out',
      () => {
        define();
        RemovalPolicies.of(stack).destroy({ excludeResourceTypes: ['Custom::FsxBackup'] });
      },
    ],
    [
      'a removal policy that is changed as it should be',
      () => define().applyRemovalPolicy(RemovalPolicy.DESTROY),
    ],
  ])('%s', (_, make) => {
    make();
    expect(warnings()).toEqual([]);
  });
});

describe('an aspect that retains everything', () => {
  const only = (type: string): any => Object.values(Template.fromStack(stack).findResources(type))[0];
  const aspects: Array<[string, () => void]> = [
    ['retain', () => RemovalPolicies.of(app).retain()],
    ['retainOnUpdateOrDelete', () => RemovalPolicies.of(app).retainOnUpdateOrDelete()],
  ];

  test.each(aspects)('leaves CloudFormation to tell of what a final backup needs (%s)', (_, retain) => {
    new FsxFinalBackup(stack, 'Final', { source });
    retain();
    expect(only('Custom::FsxFinalBackup')).toMatchObject({
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
    });
    expect(() => app.synth()).not.toThrow();
  });

  test.each(aspects)('leaves CloudFormation to tell of what keepLast needs (%s)', (_, retain) => {
    define({ triggers: onValue, keepLast: 2 });
    retain();
    expect(only('Custom::FsxBackup')).toMatchObject({
      DeletionPolicy: expect.stringMatching(/^Retain/),
      UpdateReplacePolicy: 'Delete',
    });
    expect(() => app.synth()).not.toThrow();
  });

  test('holds for a resource of the final backup, too', () => {
    const final = new FsxFinalBackup(stack, 'Final', { source });
    (final.node.findChild('Resource').node.defaultChild as CfnResource).applyRemovalPolicy(
      RemovalPolicy.RETAIN,
    );
    expect(only('Custom::FsxFinalBackup').DeletionPolicy).toBe('Delete');
  });
});
