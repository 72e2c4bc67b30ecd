import {
  Annotations as CdkAnnotations,
  App,
  aws_fsx as fsx,
  NestedStack,
  RemovalPolicies,
  RemovalPolicy,
  Stack,
  Stage,
} from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Construct, IConstruct } from 'constructs';
import { BackupSource, BackupTrigger, FsxBackup, FsxFinalBackup, FsxProtection } from '../src';

/* FsxProtection.require: what it finds, and what it does not. */

let app: App;
let stack: Stack;
const start = (isStabilized?: boolean) => {
  const context = isStabilized === undefined ? {} : { '@aws-cdk/core:aspectStabilization': isStabilized };
  app = new App({ postCliContext: context });
  stack = new Stack(app, 'Files');
};
beforeEach(() => start());

function fileSystem(id = 'Data', scope: Construct = stack, props: Partial<fsx.CfnFileSystemProps> = {}) {
  return new fsx.CfnFileSystem(scope, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'], ...props });
}

const lustre = (lustreConfiguration: fsx.CfnFileSystem.LustreConfigurationProperty) =>
  fileSystem('Data', stack, { fileSystemType: 'LUSTRE', lustreConfiguration });

function volume(scope: Construct = stack): fsx.CfnVolume {
  const of = fileSystem('Ontap', scope, { fileSystemType: 'ONTAP' });
  const machine = new fsx.CfnStorageVirtualMachine(scope, 'Svm', { fileSystemId: of.ref, name: 'svm' });
  const ontapConfiguration = { storageVirtualMachineId: machine.ref, sizeInMegabytes: '1024' };
  return new fsx.CfnVolume(scope, 'Data', { name: 'data', volumeType: 'ONTAP', ontapConfiguration });
}

/** The findings in all stacks, as texts: path, text and id. */
function findings(level: 'findWarning' | 'findError' = 'findWarning'): string[] {
  return app.node
    .findAll()
    .filter(Stack.isStack)
    .filter((each) => each.nestedStackParent === undefined)
    .flatMap((each) => Annotations.fromStack(each)[level]('*', Match.stringLikeRegexp('cdk-fsx-backup')))
    .map(({ id, entry }) => `${id}: ${entry.data}`);
}

interface BadApp {
  /** ids, each with the path of what it is about */
  readonly finds: Readonly<Record<string, string>>;
  /** what is defined; returns how to put it right, if not by `add` */
  readonly make: () => (() => void) | void;
}

const REMEDIES: Readonly<Record<string, RegExp>> = {
  replacedWithoutBackup: /add FsxBackup\.beforeChangeOf, or FsxProtection\.of\(scope\)\.add\(\)/,
  deletedWithoutBackup: /add an FsxFinalBackup, or FsxProtection\.of\(scope\)\.add\(\), or retain it/,
  finalBackupTwice: /Leave one of them/,
  notProtected: /say why: FsxProtection\.of\(construct\)\.none\(reason\)/,
  restoreFromTriggered: /use a RestorePoint/,
};

const both = (path: string) => ({ replacedWithoutBackup: path, deletedWithoutBackup: path });

const BAD_APPS: Record<string, BadApp> = {
  'a file system without a backup': {
    finds: both('Files/Data'),
    make: () => void fileSystem(),
  },
  'a Windows file system, whose last backup by FSx nobody has seen': {
    finds: both('Files/Data'),
    make: () => void fileSystem('Data', stack, { fileSystemType: 'WINDOWS' }),
  },
  'an ONTAP volume': { finds: both('Files/Data'), make: () => void volume() },
  'a file system in a nested stack': {
    finds: both('Files/Nested/Data'),
    make: () => void fileSystem('Data', new NestedStack(stack, 'Nested')),
  },
  'a file system in a stage': {
    finds: both('Prod/Files/Data'),
    make: () => void fileSystem('Data', new Stack(new Stage(app, 'Prod'), 'Files')),
  },
  'a guard, and no final backup': {
    finds: { deletedWithoutBackup: 'Files/Data' },
    make: () => void FsxBackup.beforeChangeOf(stack, 'Guard', fileSystem()),
  },
  'a final backup, and no guard': {
    finds: { replacedWithoutBackup: 'Files/Data' },
    make: () => void new FsxFinalBackup(stack, 'Final', { source: BackupSource.of(fileSystem()) }),
  },
  'a backup at each deployment, which is not before the change': {
    finds: both('Files/Data'),
    make: () => {
      const source = BackupSource.of(fileSystem());
      const backup = new FsxBackup(stack, 'Each', { source, triggers: [BackupTrigger.everyDeployment()] });
      CdkAnnotations.of(stack).acknowledgeWarning('cdk-fsx-backup:nothingWaits');
      void backup;
    },
  },
  'a file system that is retained with its stack, and deleted when it is replaced': {
    finds: { replacedWithoutBackup: 'Files/Data' },
    make: () => fileSystem().applyRemovalPolicy(RemovalPolicy.RETAIN, { applyToUpdateReplacePolicy: false }),
  },
  'a file system whose retention an aspect has taken away': {
    finds: both('Files/Data'),
    make: () => {
      fileSystem().applyRemovalPolicy(RemovalPolicy.RETAIN);
      RemovalPolicies.of(stack).destroy({ applyToResourceTypes: ['AWS::FSx::FileSystem'] });
    },
  },
  'two final backups': {
    finds: { finalBackupTwice: 'Files/Data' },
    make: () => {
      const made = fileSystem();
      FsxBackup.beforeChangeOf(stack, 'Guard', made);
      for (const id of ['Final', 'Last']) new FsxFinalBackup(stack, id, { source: BackupSource.of(made) });
      return () => void stack.node.tryRemoveChild('Last');
    },
  },
  'a file system that is restored from what is backed up again and again': {
    finds: { restoreFromTriggered: 'Files/Data' },
    make: () => {
      const made = fileSystem('Data', stack, {});
      FsxProtection.of(made).add();
      const service = new Construct(stack, 'Service');
      fileSystem('Scratch', service);
      FsxProtection.of(service).none('is restored, too');
      const backup = FsxBackup.beforeChangeOf(stack, 'PreUpgrade', service, {
        source: BackupSource.fromFileSystemId('fs-0498eed5fe91001ec'),
      });
      made.backupId = backup.backupId;
      return () => {
        made.backupId = 'backup-0123456789abcdef0';
      };
    },
  },
  'scratch': {
    finds: { notProtected: 'Files/Data' },
    make: () => {
      const made = lustre({ deploymentType: 'SCRATCH_2' });
      return () => FsxProtection.of(made).none('computed again each night');
    },
  },
};

describe.each([true, false])('with aspect stabilization: %s', (isStabilized) => {
  beforeEach(() => start(isStabilized));

  describe.each(Object.entries(BAD_APPS))('%s', (_, { finds, make }) => {
    const expected = Object.entries(finds).map(([id, path]) =>
      expect.stringMatching(
        new RegExp(`^/${path}: .*${REMEDIES[id].source}.* \\[ack: cdk-fsx-backup:${id}\\]$`),
      ),
    );

    test('is found', () => {
      make();
      FsxProtection.of(app).require();
      app.synth();
      expect(findings()).toEqual(expected);
      expect(findings().every((text, at) => text.includes(`"${Object.values(finds)[at]}"`))).toBe(true);
      expect(findings('findError')).toEqual([]);
    });

    test('is found as errors', () => {
      make();
      FsxProtection.of(app).require({ asErrors: true });
      app.synth();
      expect(findings('findError')).toEqual(expected);
      expect(findings()).toEqual([]);
    });

    test('is not found any more when it is put right', () => {
      const putRight = make() ?? (() => FsxProtection.of(app).add());
      putRight();
      FsxProtection.of(app).require({ asErrors: true });
      app.synth();
      expect([...findings(), ...findings('findError')]).toEqual([]);
    });

    test.each([false, true])('can be acknowledged, as errors: %s', (asErrors) => {
      make();
      for (const [id, path] of Object.entries(finds)) {
        const about = app.node.findAll().find(({ node }) => node.path === path)!;
        CdkAnnotations.of(about).acknowledgeWarning(`cdk-fsx-backup:${id}`, 'is meant so');
      }
      FsxProtection.of(app).require({ asErrors });
      app.synth({ force: true });
      expect([...findings(), ...findings('findError')]).toEqual([]);
    });
  });
});

describe('nothing is found', () => {
  test.each<[string, () => unknown]>([
    ['if everything is retained', () => fileSystem().applyRemovalPolicy(RemovalPolicy.RETAIN)],
    ['of what is excluded', () => FsxProtection.of(fileSystem()).none('a copy')],
    ['of what is imported', () => BackupSource.fromFileSystemId('fs-0498eed5fe91001ec')],
    [
      'of an OpenZFS volume, which FSx backs up with its file system',
      () => new fsx.CfnVolume(stack, 'Home', { name: 'home', volumeType: 'OPENZFS' }),
    ],
  ])('%s', (_, make) => {
    make();
    FsxProtection.of(app).require();
    app.synth();
    expect(findings()).toEqual([]);
  });

  test('where nobody asks', () => {
    fileSystem('Data', new Stack(app, 'Other'));
    FsxProtection.of(stack).require();
    app.synth();
    expect(findings()).toEqual([]);
  });
});

test('a construct in a stack is asked about alone', () => {
  fileSystem('Beside');
  const team = new Construct(stack, 'Team');
  fileSystem('Data', team);
  FsxProtection.of(team).require();
  app.synth();
  expect(findings()).toEqual(Array(2).fill(expect.stringMatching('^/Files/Team/Data')));
});

test('the nearest scope says whether there are errors', () => {
  fileSystem();
  fileSystem('Data', new Stack(app, 'Lab'));
  FsxProtection.of(app).require({ asErrors: true });
  FsxProtection.of(app.node.findChild('Lab')).require();
  app.synth();
  expect(findings('findError')).toEqual(Array(2).fill(expect.stringMatching('^/Files/Data')));
  expect(findings()).toEqual(Array(2).fill(expect.stringMatching('^/Lab/Data')));
});

test('the reason of what is excluded is shown', () => {
  FsxProtection.of(fileSystem()).none('a copy');
  FsxProtection.of(app).require();
  Annotations.fromStack(stack).hasInfo('/Files/Data', '"Files/Data" has no backups of FsxProtection: a copy');
});

test('a stage that comes later is an error', () => {
  FsxProtection.of(app).require();
  fileSystem('Data', new Stack(new Stage(app, 'Prod'), 'Files'));
  expect(() => app.synth()).toThrow(/"App" did not reach "Prod\/Files\/Data".*FsxProtection\.of\(stage\)/);
});

test('what is added for the question is gone', () => {
  const made: IConstruct = fileSystem();
  FsxProtection.of(app).require();
  app.synth();
  expect(made.node.children).toEqual([]);
});
