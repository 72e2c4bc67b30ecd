import { aws_ec2 as ec2, aws_kms as kms, aws_lambda as lambda, CfnResource, Stack } from 'aws-cdk-lib';
import { CloudFormationValidatePlugin, type IPolicyValidationPlugin } from 'aws-cdk-lib-latest';
import { evidence } from './evidence';
import { EXPLAINED_FINDINGS } from './explained-findings';
import { type Finding, stale, unexplained, whereIs } from './findings';
import { type Subject, SUBJECTS, type Synthesis, synthesize, type Template } from './subjects';
import {
  cfnLint,
  cloudFormationValidate,
  listeningTo,
  NAG_PACKS,
  type Remark,
  STATE_MACHINE_VALIDATORS,
  stateMachinesIn,
} from './template-validators';
import { FsxBackupProvider } from '../../src';

const CDK = "CDK's own rules";
const PLACES = [...new Set(SUBJECTS.map(({ place }) => place))];

const nagPacks = () => Object.entries(NAG_PACKS).map(([validator, make]) => ({ validator, plugin: make() }));

const findings: Finding[] = [];
const syntheses: Synthesis[] = [];

beforeAll(() => {
  // deprecations of the latest aws-cdk-lib, in examples that suit the oldest as well
  jest.spyOn(console, 'warn').mockImplementation();
  const plugins = [...nagPacks(), { validator: CDK, plugin: new CloudFormationValidatePlugin() }];
  for (const subject of SUBJECTS) {
    const { synthesis, heard } = hear(subject, plugins);
    syntheses.push(synthesis);
    findings.push(...heard);
  }
  const templates = syntheses.flatMap((synthesis) =>
    synthesis.templates.map((template) => ({ synthesis, template })),
  );
  const linted = cfnLint(templates.map(({ template }) => template.body));
  templates.forEach(({ synthesis, template }, index) => {
    findings.push(...read('cfn-lint', linted[index], template, synthesis));
    findings.push(
      ...read('@aws/cloudformation-validate', cloudFormationValidate(template.body), template, synthesis),
    );
  });
});

/** Synthesize, with each plugin's violations by resource. */
function hear(
  subject: Subject,
  plugins: Array<{ validator: string; plugin: IPolicyValidationPlugin }>,
): { synthesis: Synthesis; heard: Finding[] } {
  const heard: Finding[] = [];
  const synthesis = synthesize(
    subject,
    ...plugins.map(({ validator, plugin }) =>
      listeningTo(plugin, (violations) => {
        for (const { ruleName, description: message, violatingResources } of violations) {
          const [, name, what] = /^([^[]+)(?:\[(.*)\])?$/s.exec(ruleName)!;
          // that is not what an explanation of the rule is about
          const rule = message.startsWith('Rule threw') ? `${name}, thrown` : name;
          heard.push(
            ...violatingResources.map(({ constructPath, resourceLogicalId }) => {
              return {
                place: subject.place,
                validator,
                rule,
                what: what && neutral(what),
                where: constructPath ?? resourceLogicalId ?? '',
                message,
              };
            }),
          );
        }
      }),
    ),
  );
  return {
    synthesis,
    heard: heard.map((finding) => ({
      ...finding,
      where: synthesis.names.get(finding.where) ?? finding.where,
    })),
  };
}

/** Without accounts, names and logical ids. */
function neutral(what: string): string {
  return what
    .replace(/^Resource::/, '')
    .replace(/<AWS::(\w+)>/g, '$1')
    .replace(/\{"Fn::.*?\}\]\}\]\}|<[^>]+>/g, '<name>')
    .replace(/arn:[^:]+:(\w+):[^:]*:[^:]*:/, '$1:')
    .replace(/stack\/[^/]+\//, 'stack/<name>/');
}

function read(validator: string, remarks: Remark[], template: Template, synthesis: Synthesis): Finding[] {
  return remarks.map(({ rule, logicalId, message }) => {
    const what = rule === 'W3005' ? /\bProperties[./](\S+)'$/.exec(message)?.[1] : undefined;
    return {
      place: template.place,
      validator,
      rule,
      what,
      where: whereIs(template, logicalId, synthesis),
      message,
    };
  });
}

const here = (define: (stack: Stack) => void): Subject => ({
  place: 'here',
  flags: {},
  define: (newApp) => define(new Stack(newApp(), 'Files')),
});
const templatesIn = (place: string) =>
  syntheses.filter((synthesis) => synthesis.place === place).flatMap(({ templates }) => templates);
const resourcesIn = (templates: Template[]) =>
  templates.reduce((count, { body }) => count + Object.keys(body.Resources).length, 0);

describe('Templates and state machines', () => {
  describe.each(['@aws/cloudformation-validate', 'cfn-lint'])('%s', (validator) => {
    test.each(PLACES)('%s: no finding that is not explained', (place) => {
      const own = findings.filter((finding) => finding.validator === validator && finding.place === place);
      expect(unexplained(own)).toEqual([]);
      evidence({
        'templates read': templatesIn(place).length,
        'resources read': resourcesIn(templatesIn(place)),
      });
    });

    test('would find a missing property, and a reference to nothing', () => {
      const template = {
        Resources: {
          FileSystem: { Type: 'AWS::FSx::FileSystem', Properties: { FileSystemType: 'WINDOWS' } },
          Backup: {
            Type: 'Custom::FsxBackup',
            Properties: { ServiceToken: { 'Fn::GetAtt': ['Function', 'Arn'] } },
          },
        },
      };
      const found = validator === 'cfn-lint' ? cfnLint([template])[0] : cloudFormationValidate(template);
      expect(found).toContainEqual(
        expect.objectContaining({ logicalId: 'FileSystem', message: expect.stringContaining('SubnetIds') }),
      );
      expect(found).toContainEqual(
        expect.objectContaining({ logicalId: 'Backup', message: expect.stringContaining('Function') }),
      );
    });
  });

  describe('the validation that CDK runs at synthesis', () => {
    test('finds nothing', () => {
      expect(findings.filter(({ validator }) => validator === CDK)).toEqual([]);
      evidence({ apps: syntheses.length });
    });

    test('would find a missing property', () => {
      const subject = here(
        (stack) =>
          new CfnResource(stack, 'Wrong', {
            type: 'AWS::FSx::FileSystem',
            properties: { FileSystemType: 'WINDOWS' },
          }),
      );
      const { heard } = hear(subject, [{ validator: CDK, plugin: new CloudFormationValidatePlugin() }]);
      expect(heard).toContainEqual(
        expect.objectContaining({ where: 'Wrong', message: expect.stringContaining('SubnetIds') }),
      );
    });
  });

  describe.each(Object.entries(STATE_MACHINE_VALIDATORS))('%s', (_, validate) => {
    test('finds nothing in any state machine', () => {
      const machines = PLACES.flatMap((place) => templatesIn(place)).flatMap(({ body }) =>
        stateMachinesIn(body),
      );
      for (const machine of machines) expect(validate(machine)).toEqual([]);
      expect(machines.length).toBeGreaterThan(SUBJECTS.length);
      evidence({ 'state machines read': machines.length });
    });

    test('would find a transition to nowhere, and a misspelt field', () => {
      const [sound] = stateMachinesIn(templatesIn('the examples')[0].body) as any[];
      expect(
        validate({ ...sound, States: { ...sound.States, Wait: { ...sound.States.Wait, Next: 'Nowhere' } } }),
      ).not.toEqual([]);
      expect(
        validate({
          ...sound,
          States: { ...sound.States, Wait: { Type: 'Wait', SecondPath: '$.wait', Next: 'Look' } },
        }),
      ).not.toEqual([]);
    });
  });

  describe('cdk-nag', () => {
    test.each(Object.keys(NAG_PACKS))('%s: no finding that is not explained', (pack) => {
      const own = findings.filter(({ validator }) => validator === pack);
      expect(unexplained(own)).toEqual([]);
      evidence({ 'findings explained': own.length });
    });

    test('a function in a VPC and an encrypted log group are what `vpc` and `encryptionKey` make', () => {
      const { heard } = hear(
        here((stack) => {
          const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
            vpcId: 'vpc-0123456789abcdef0',
            availabilityZones: ['us-east-1a'],
            privateSubnetIds: ['subnet-0123456789abcdef0'],
          });
          new FsxBackupProvider(stack, 'Provider', {
            vpc,
            encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }),
          });
        }),
        nagPacks(),
      );
      expect(unexplained(heard)).toEqual([]);
      expect(heard.map(({ rule }) => rule)).not.toContainEqual(
        expect.stringMatching(/LambdaInsideVPC|CloudWatchLogGroupEncrypted/),
      );
      expect(findings.map(({ rule }) => rule)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/LambdaInsideVPC/),
          expect.stringMatching(/CloudWatchLogGroupEncrypted/),
        ]),
      );
    });

    test('would find a function that is not looked after, with each pack', () => {
      const { heard } = hear(
        here((stack) => {
          new lambda.CfnFunction(stack, 'Function', {
            code: { zipFile: '-' },
            role: 'arn',
            runtime: 'nodejs12.x',
            handler: 'index.handler',
          });
        }),
        nagPacks(),
      );
      for (const pack of Object.keys(NAG_PACKS)) {
        expect(unexplained(heard.filter(({ validator }) => validator === pack))).toContainEqual(
          expect.stringMatching(/^here: Function: /),
        );
      }
    });
  });

  describe('all of them', () => {
    test('need every explanation', () => {
      expect(stale(findings)).toEqual([]);
      evidence({ explanations: EXPLAINED_FINDINGS.length });
    });

    test('would tell a finding that is not explained, and an explanation that nothing needs', () => {
      const finding = {
        place: 'here',
        validator: 'cdk-nag',
        rule: 'AwsSolutions-IAM5',
        what: '*',
        where: 'FsxBackupProvider/Policy',
        message: 'wildcard',
      };
      const explained = [
        { rules: ['AwsSolutions-IAM5'], what: ['*'], where: ['FsxBackupProvider/Policy'], why: 'because' },
      ];
      expect(unexplained([finding], explained)).toEqual([]);
      for (const other of [
        { rule: 'AwsSolutions-IAM4' },
        { what: 'fsx:*' },
        { where: 'FsxBackupProvider/PolicyOfAnother' },
      ]) {
        expect(unexplained([{ ...finding, ...other }], explained)).toHaveLength(1);
      }
      expect(stale([finding], explained)).toEqual([]);
      expect(stale([], explained)).toHaveLength(3);
      expect(
        stale([finding], [{ ...explained[0], where: ['FsxBackupProvider/Policy', 'Elsewhere'] }]),
      ).toEqual(['Elsewhere (AwsSolutions-IAM5, FsxBackupProvider/Policy)']);
    });
  });
});
