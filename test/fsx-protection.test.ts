import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  App,
  Aspects,
  aws_fsx as fsx,
  aws_iam as iam,
  CfnCondition,
  CfnResource,
  Duration,
  Fn,
  NestedStack,
  RemovalPolicies,
  RemovalPolicy,
  Stack,
  Stage,
  Tags,
} from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { BackupSource, FsxBackup, FsxFinalBackup, FsxProtection } from '../src';

const STABILIZATION = '@aws-cdk/core:aspectStabilization';

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Files');
});

function fileSystem(id = 'Data', scope: Construct = stack, props: Partial<fsx.CfnFileSystemProps> = {}) {
  return new fsx.CfnFileSystem(scope, id, { fileSystemType: 'OPENZFS', subnetIds: ['subnet-1'], ...props });
}

function lustre(id: string, lustreConfiguration: fsx.CfnFileSystem.LustreConfigurationProperty) {
  return fileSystem(id, stack, { fileSystemType: 'LUSTRE', lustreConfiguration });
}

/** An ONTAP file system with its volumes. */
function ontap(scope: Construct, ...volumes: string[]): fsx.CfnVolume[] {
  const of = fileSystem('Ontap', scope, { fileSystemType: 'ONTAP' });
  const machine = new fsx.CfnStorageVirtualMachine(scope, 'Svm', { fileSystemId: of.ref, name: 'svm' });
  return volumes.map((name) => {
    const ontapConfiguration = { storageVirtualMachineId: machine.ref, sizeInMegabytes: '1024' };
    return new fsx.CfnVolume(scope, name, { name, volumeType: 'ONTAP', ontapConfiguration });
  });
}

const idsOf = (type: string, of = stack) => Object.keys(Template.fromStack(of).findResources(type));
const guards = (of?: Stack) => idsOf('Custom::FsxBackup', of).map((id) => id.replace(/[0-9A-F]{8}$/, ''));
const finals = (of?: Stack) =>
  idsOf('Custom::FsxFinalBackup', of).map((id) => id.replace(/[0-9A-F]{8}$/, ''));
const warnings = (of = stack) =>
  Annotations.fromStack(of)
    .findWarning('*', Match.stringLikeRegexp('cdk-fsx-backup'))
    .map(({ id, entry }) => `${id}: ${entry.data}`);

describe('what is added', () => {
  test('a backup before each change, and a final one, of each file system', () => {
    fileSystem('One');
    fileSystem('Two');
    FsxProtection.of(app).add();
    expect(guards()).toEqual(['FsxProtectionOneBeforeChange', 'FsxProtectionTwoBeforeChange']);
    expect(finals()).toEqual(['FsxProtectionOneFinal', 'FsxProtectionTwoFinal']);
    expect(idsOf('AWS::Lambda::Function')).toHaveLength(1);
    expect(warnings()).toEqual([]);
  });

  test('the same as FsxBackup.beforeChangeOf and FsxFinalBackup do', () => {
    const made = fileSystem();
    FsxProtection.of(made).add({ keepLast: 3, timeout: Duration.minutes(30) });
    const template = Template.fromStack(stack);
    const other = new Stack(new App(), 'Files');
    const same = fileSystem('Data', other);
    const place = new Construct(new Construct(other, 'FsxProtection'), 'Data');
    FsxBackup.beforeChangeOf(place, 'BeforeChange', same, { keepLast: 3, timeout: Duration.minutes(30) });
    new FsxFinalBackup(place, 'Final', { source: BackupSource.of(same) });
    expect(template.toJSON()).toEqual(Template.fromStack(other).toJSON());
  });

  test.each([
    ['beforeChange', { beforeChange: false }, 0, 1],
    ['finalBackup', { finalBackup: false }, 1, 0],
  ])('without %s', (_, options, before, last) => {
    fileSystem();
    FsxProtection.of(app).add(options);
    expect([guards().length, finals().length]).toEqual([before, last]);
  });

  test('an L2 is named after itself, and so is what is deeper in the tree', () => {
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['a'],
      privateSubnetIds: ['subnet-1'],
    });
    new fsx.LustreFileSystem(stack, 'Share', {
      vpc,
      vpcSubnet: vpc.privateSubnets[0],
      storageCapacityGiB: 1200,
      lustreConfiguration: { deploymentType: fsx.LustreDeploymentType.PERSISTENT_2 },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    fileSystem('Data', new Construct(stack, 'Team'));
    FsxProtection.of(app).add();
    expect(finals()).toEqual(['FsxProtectionShareFinal', 'FsxProtectionTeamDataFinal']);
  });

  test('each volume of ONTAP, and not its file system', () => {
    ontap(stack, 'Vol1', 'Vol2');
    FsxProtection.of(app).add();
    expect(guards()).toEqual(['FsxProtectionVol1BeforeChange', 'FsxProtectionVol2BeforeChange']);
    expect(warnings()).toEqual([]);
  });

  test('an OpenZFS file system once, with its volumes', () => {
    const parentVolumeId = fileSystem().attrRootVolumeId;
    const openZfsConfiguration = { parentVolumeId };
    new fsx.CfnVolume(stack, 'Home', { name: 'home', volumeType: 'OPENZFS', openZfsConfiguration });
    FsxProtection.of(app).add();
    expect(finals()).toEqual(['FsxProtectionDataFinal']);
    expect(warnings()).toEqual([]);
  });

  test('what is defined later, too; elsewhere, nothing', () => {
    const other = new Stack(app, 'Other');
    fileSystem('Data', other);
    FsxProtection.of(stack).add();
    fileSystem('Later');
    expect(finals()).toEqual(['FsxProtectionLaterFinal']);
    expect(finals(other)).toEqual([]);
  });

  test('in a nested stack, in that', () => {
    const nested = new NestedStack(stack, 'Nested');
    fileSystem('Data', nested);
    FsxProtection.of(app).add();
    expect(finals(nested)).toEqual(['FsxProtectionDataFinal']);
    expect(finals()).toEqual([]);
  });

  test('no final backup of what is retained', () => {
    fileSystem().applyRemovalPolicy(RemovalPolicy.RETAIN);
    FsxProtection.of(app).add();
    expect([guards().length, finals().length]).toEqual([1, 0]);
    expect(warnings()).toEqual([]);
  });

  test('one, if only the old one of a replacement is deleted', () => {
    const made = fileSystem();
    made.applyRemovalPolicy(RemovalPolicy.RETAIN, { applyToUpdateReplacePolicy: false });
    FsxProtection.of(app).add();
    expect(finals()).toHaveLength(1);
  });

  test('a final backup under the condition of its file system, to which it refers', () => {
    const made = fileSystem();
    FsxProtection.of(app).add();
    made.cfnOptions.condition = new CfnCondition(stack, 'IsWanted', {
      expression: Fn.conditionEquals('a', 'b'),
    });
    const [last] = Object.values(Template.fromStack(stack).findResources('Custom::FsxFinalBackup'));
    expect(last).toMatchObject({ Condition: 'IsWanted', Properties: { FileSystemId: { Ref: 'Data' } } });
  });

  test('one, if an aspect says that it is deleted', () => {
    fileSystem().applyRemovalPolicy(RemovalPolicy.RETAIN);
    FsxProtection.of(app).add();
    RemovalPolicies.of(stack).destroy({ applyToResourceTypes: ['AWS::FSx::FileSystem'] });
    expect(finals()).toHaveLength(1);
  });
});

describe('what has a backup', () => {
  test('of its own before changes gets the final one alone', () => {
    const made = fileSystem();
    FsxBackup.beforeChangeOf(stack, 'Guard', made);
    FsxProtection.of(app).add();
    expect(guards()).toEqual(['Guard']);
    expect(finals()).toHaveLength(1);
  });

  test('of what contains it, as well', () => {
    const team = new Construct(stack, 'Team');
    fileSystem('Data', team);
    FsxBackup.beforeChangeOf(stack, 'Guard', team);
    FsxProtection.of(app).add();
    expect(guards()).toHaveLength(1);
  });

  test('before the change of something else is not left alone', () => {
    const made = fileSystem();
    const service = new CfnResource(stack, 'Service', { type: 'AWS::SNS::Topic' });
    FsxBackup.beforeChangeOf(stack, 'PreUpgrade', service, { source: BackupSource.of(made) });
    FsxProtection.of(app).add();
    expect(guards()).toEqual(['PreUpgrade', 'FsxProtectionDataBeforeChange']);
  });

  test('of what is deployed, before the change of something else, is not left alone either', () => {
    const service = new CfnResource(stack, 'Service', { type: 'AWS::SNS::Topic' });
    const source = BackupSource.fromDeployed(fileSystem());
    FsxBackup.beforeChangeOf(stack, 'PreUpgrade', service, { source });
    FsxProtection.of(app).add();
    expect(guards()).toEqual(['PreUpgrade', 'FsxProtectionDataBeforeChange']);
  });

  test('a final one of its own gets the other alone', () => {
    new FsxFinalBackup(stack, 'Last', { source: BackupSource.fromFileSystemId(fileSystem().ref) });
    FsxProtection.of(app).add();
    expect(finals()).toEqual(['Last']);
    expect(guards()).toHaveLength(1);
  });

  test('from another call, or another synthesis, gets none again', () => {
    fileSystem();
    FsxProtection.of(app).add();
    FsxProtection.of(stack).add();
    FsxProtection.of(stack).add();
    const first = JSON.stringify(app.synth({ force: true }).getStackByName('Files').template);
    const second = JSON.stringify(app.synth({ force: true }).getStackByName('Files').template);
    expect(guards()).toHaveLength(1);
    expect(second).toBe(first);
  });
});

describe('who decides', () => {
  test('the nearest scope', () => {
    const team = new Construct(stack, 'Team');
    fileSystem('One', team);
    const two = fileSystem('Two', team);
    fileSystem('Three');
    FsxProtection.of(two).add({ finalBackup: false });
    FsxProtection.of(app).add({ keepLast: 5 });
    FsxProtection.of(team).none('a copy');
    expect(guards()).toEqual(['FsxProtectionTeamTwoBeforeChange', 'FsxProtectionThreeBeforeChange']);
    expect(finals()).toEqual(['FsxProtectionThreeFinal']);
  });

  test('the last word for one scope', () => {
    fileSystem();
    FsxProtection.of(app).none('not yet');
    FsxProtection.of(app).add({ finalBackup: false });
    expect([guards().length, finals().length]).toEqual([1, 0]);
  });

  test('the reason for none is shown', () => {
    const made = fileSystem();
    FsxProtection.of(app).add();
    FsxProtection.of(made).none('a copy of what is elsewhere');
    expect([guards(), finals()]).toEqual([[], []]);
    Annotations.fromStack(stack).hasInfo(
      '/Files/Data',
      '"Files/Data" has no backups of FsxProtection: a copy of what is elsewhere',
    );
  });
});

describe('what FSx cannot back up is left out, with a warning', () => {
  test.each<[string, RegExp, () => unknown]>([
    ['scratch', /SCRATCH_2, and FSx cannot/, () => lustre('Data', { deploymentType: 'SCRATCH_2' })],
    ['Lustre without a type', /SCRATCH_1, and FSx cannot/, () => lustre('Data', {})],
    [
      'linked by a path',
      /linked to a data repository by its ImportPath/,
      () => lustre('Data', { deploymentType: 'PERSISTENT_1', importPath: 's3://bucket' }),
    ],
    [
      'linked by an association',
      /linked to a data repository by "Files\/Link"/,
      () =>
        new fsx.CfnDataRepositoryAssociation(stack, 'Link', {
          fileSystemId: lustre('Data', { deploymentType: 'PERSISTENT_2' }).ref,
          fileSystemPath: '/',
          dataRepositoryPath: 's3://bucket',
        }),
    ],
    [
      'a volume of type DP',
      /type DP, and FSx backs up read-write volumes only/,
      () => ontap(stack, 'Data')[0].addPropertyOverride('OntapConfiguration.OntapVolumeType', 'DP'),
    ],
  ])('%s', (_, text, make) => {
    make();
    FsxProtection.of(app).add();
    expect([guards(), finals()]).toEqual([[], []]);
    expect(warnings()).toEqual([expect.stringMatching(text)]);
    expect(warnings()[0]).toMatch(/^\/Files\/Data: .*none\(reason\) \[ack: cdk-fsx-backup:notProtected\]$/);
  });

  test('unless that is right', () => {
    FsxProtection.of(lustre('Data', {})).none('scratch');
    FsxProtection.of(app).add();
    expect(warnings()).toEqual([]);
  });
});

describe('other aspects', () => {
  const boundary = (of: Construct) =>
    iam.PermissionsBoundary.of(of).apply(
      iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary'),
    );

  describe.each([true, false])('with stabilization: %s', (isOn) => {
    beforeEach(() => {
      app = new App({ postCliContext: { [STABILIZATION]: isOn } });
      stack = new Stack(app, 'Files');
    });

    test('visit what is added', () => {
      Tags.of(app).add('team', 'a');
      fileSystem();
      FsxProtection.of(stack).add();
      boundary(app);
      const template = Template.fromStack(stack);
      for (const role of Object.values(template.findResources('AWS::IAM::Role'))) {
        expect(role.Properties).toMatchObject({
          PermissionsBoundary: expect.anything(),
          Tags: [{ Key: 'team', Value: 'a' }],
        });
      }
      template.resourceCountIs('AWS::IAM::Role', 2);
      for (const type of ['Custom::FsxBackup', 'Custom::FsxFinalBackup']) {
        template.hasResourceProperties(type, { Tags: Match.arrayWith([{ Key: 'team', Value: 'a' }]) });
      }
    });

    test('have added a file system below', () => {
      const team = new Construct(stack, 'Team');
      Aspects.of(team).add({
        visit: (construct) => {
          if (construct === team && !team.node.tryFindChild('Data')) fileSystem('Data', team);
        },
      });
      FsxProtection.of(app).add();
      expect(finals()).toEqual(['FsxProtectionTeamDataFinal']);
    });
  });

  /** An aspect that adds a file system where others have been already. */
  const addLate = () =>
    Aspects.of(fileSystem('First')).add({
      visit: () => {
        if (!stack.node.tryFindChild('Late')) fileSystem('Late');
      },
    });

  test('have added one late: protected with stabilization', () => {
    app = new App({ postCliContext: { [STABILIZATION]: true } });
    stack = new Stack(app, 'Files');
    addLate();
    FsxProtection.of(app).add();
    expect(finals()).toEqual(['FsxProtectionFirstFinal', 'FsxProtectionLateFinal']);
  });

  test('have added one late: an error without', () => {
    app = new App({ postCliContext: { [STABILIZATION]: false } });
    stack = new Stack(app, 'Files');
    addLate();
    FsxProtection.of(app).add();
    expect(() => app.synth()).toThrow(/did not reach "Files\/Late".*@aws-cdk\/core:aspectStabilization/);
  });
});

describe('stages', () => {
  /** A stage with one file system. */
  class Production extends Stage {
    public readonly files = new Stack(this, 'Files');

    public constructor(scope: Construct, id: string) {
      super(scope, id);
      fileSystem('Data', this.files);
    }
  }

  test('are reached, also one in another', () => {
    const outer = new Production(app, 'Outer');
    const inner = new Production(outer, 'Inner');
    fileSystem();
    FsxProtection.of(app).add();
    app.synth();
    expect([finals(outer.files), finals(inner.files), finals()]).toEqual(
      Array(3).fill(['FsxProtectionDataFinal']),
    );
  });

  test('that come later are an error', () => {
    FsxProtection.of(app).add();
    new Production(app, 'Prod');
    expect(() => app.synth()).toThrow(
      /FsxProtection of "App" did not reach "Prod\/Files\/Data"\. .*FsxProtection\.of\(stage\)/,
    );
  });

  test('may do it themselves', () => {
    FsxProtection.of(app).add();
    const prod = new Production(app, 'Prod');
    FsxProtection.of(prod).add({ finalBackup: false });
    app.synth();
    expect([guards(prod.files).length, finals(prod.files).length]).toEqual([1, 0]);
  });

  test('may be left out', () => {
    FsxProtection.of(app).add();
    const test_ = new Production(app, 'Test');
    FsxProtection.of(test_).none('made again for each test');
    app.synth();
    expect(guards(test_.files)).toEqual([]);
  });
});

describe('the size of a stack', () => {
  test.each([
    [{}, 7],
    [{ keepLast: 3 }, 8],
  ])('as docs/organisations.md has it, with %j', (options, forTheFirst) => {
    fileSystem('One');
    fileSystem('Two');
    FsxProtection.of(app).add(options);
    const { Resources } = Template.fromStack(stack).toJSON();
    expect(Object.keys(Resources)).toHaveLength(2 + 2 * 2 + forTheFirst);
    const page = readFileSync(join(__dirname, '../docs/organisations.md'), 'utf8');
    expect(page).toContain('takes 2 more with both kinds of backups');
    expect(page).toContain('the first one of a stack 7 more, 8 with `keepLast`');
  });

  /** 499 resources, and so many more. */
  const fill = (more: number) => {
    for (let nth = 0; nth < 164; nth++) fileSystem(`Data${nth}`);
    for (let nth = 0; nth < more; nth++) new CfnResource(stack, `More${nth}`, { type: 'AWS::SNS::Topic' });
    FsxProtection.of(app).add();
  };

  test('above 500 resources is an error with ways out', () => {
    fill(2);
    expect(() => app.synth()).toThrow(
      /"Files" has 501 resources, 335 of them for backups, .*another stack or a NestedStack.*finalBackup/,
    );
  });

  test('of 500 is none', () => {
    fill(1);
    expect(Object.keys(Template.fromStack(stack).toJSON().Resources)).toHaveLength(500);
  });
});

test('guards whose sources refer to each other’s neighbours make no circle', () => {
  const group = (id: string, description: string) => {
    return new ec2.CfnSecurityGroup(stack, id, { groupDescription: description, vpcId: 'vpc-1' });
  };
  const one = fileSystem('One', stack, { securityGroupIds: [group('GroupOne', 'one').attrGroupId] });
  const two = fileSystem('Two', stack, {
    securityGroupIds: [group('GroupTwo', `of ${one.ref}`).attrGroupId],
  });
  one.addPropertyOverride('Tags', [{ Key: 'beside', Value: group('Beside', 'x').ref }]);
  two.node.addDependency(one);
  FsxProtection.of(app).add();
  expect(guards()).toHaveLength(2); // a circle would be an error
});
