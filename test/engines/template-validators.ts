import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type IPolicyValidationPlugin, type PolicyValidationPluginReport } from 'aws-cdk-lib-latest';
import { NODE_MODULES, PYTHON } from './install';

/* Other people's validators, each as a function from what it reads to what it says. */

export interface Remark {
  rule: string;
  /** logical id of a resource, if it is about one */
  logicalId?: string;
  message: string;
}

/** Without types, which are there only once the engines are installed. */
const load = (path: string) => jest.requireActual<any>(path);

// It is inside aws-cdk-lib, which leaves out what CDK itself writes; here it leaves out nothing.
const VALIDATE = join(
  dirname(require.resolve('aws-cdk-lib/package.json')),
  'node_modules/@aws/cloudformation-validate',
);
let engine: any;

export function cloudFormationValidate(template: object): Remark[] {
  const { CompositeEngine, TemplateContent } = load(VALIDATE);
  engine ??= new CompositeEngine({});
  const { diagnostics } = engine.validateTemplate(new TemplateContent(JSON.stringify(template)), {
    severityLevel: 'WARN',
    detailLevel: 'STANDARD',
  });
  return diagnostics.map(({ ruleId, entity, message }: any) => ({
    rule: ruleId,
    logicalId: entity?.entityType === 'Resource' ? entity.logicalId : undefined,
    message,
  }));
}

/** One Region of each partition, and another one. */
export const REGIONS = ['us-east-1', 'eu-central-1', 'us-gov-west-1', 'cn-north-1'];

/** Of all templates in one go: it takes seconds to start. */
export function cfnLint(templates: object[]): Remark[][] {
  const folder = mkdtempSync(join(tmpdir(), 'cfn-lint-'));
  try {
    const files = templates.map((template, index) => {
      const file = join(folder, `${index}.template.json`);
      writeFileSync(file, JSON.stringify(template));
      return file;
    });
    // Not the script itself: it names the folder that it was installed in.
    const output = execFileSync(
      join(PYTHON, 'python'),
      [
        join(PYTHON, 'cfn-lint'),
        '--format',
        'json',
        '--non-zero-exit-code',
        'none',
        '--regions',
        ...REGIONS,
        '--',
        ...files,
      ],
      { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 },
    );
    const found: any[] = JSON.parse(output);
    return files.map((file) =>
      found
        .filter(({ Filename }) => Filename === file)
        .map(({ Rule, Location, Message }) => {
          const [section, logicalId] = Location.Path ?? [];
          return {
            rule: Rule.Id,
            logicalId: section === 'Resources' ? logicalId : undefined,
            message: Message,
          };
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What each of them says about a state machine definition. */
export const STATE_MACHINE_VALIDATORS: Record<string, (definition: object) => string[]> = {
  'asl-validator': (definition) =>
    load('asl-validator')(definition).errors.map(({ Message, message }: any) => Message ?? message),
  'statelint': (definition) => load(join(NODE_MODULES, '@wmfs/statelint'))().validate(definition),
};

/** The definitions in a template, with an ARN for each reference. */
export function stateMachinesIn({ Resources }: any): object[] {
  return Object.values<any>(Resources)
    .filter(({ Type }) => Type === 'AWS::StepFunctions::StateMachine')
    .map(({ Properties }) => JSON.parse(text(Properties.DefinitionString)));
}

function text(value: any): string {
  if (typeof value === 'string') return value;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(text).join(value['Fn::Join'][0]);
  if (value['Fn::GetAtt']?.[1] === 'Arn') {
    return `arn:aws:lambda:us-east-1:123456789012:function:${value['Fn::GetAtt'][0]}`;
  }
  throw new Error(`a definition holds ${JSON.stringify(value)}`);
}

const nag = () => load(join(NODE_MODULES, 'cdk-nag'));

/** Packs of cdk-nag, which are plugins of CDK's validation. */
export const NAG_PACKS: Record<string, () => IPolicyValidationPlugin> = {
  'AwsSolutions': () => new (nag().AwsSolutionsChecks)(),
  'NIST 800-53 R5': () => new (nag().NIST80053R5Checks)(),
  'HIPAA Security': () => new (nag().HIPAASecurityChecks)(),
  'PCI DSS 3.2.1': () => new (nag().PCIDSS321Checks)(),
  'Serverless': () => new (nag().ServerlessChecks)(),
};

/** A plugin whose report is heard here, and does not keep the app from being synthesized. */
export function listeningTo(
  plugin: IPolicyValidationPlugin,
  hear: (violations: PolicyValidationPluginReport['violations']) => void,
): IPolicyValidationPlugin {
  return {
    name: plugin.name,
    validate: (context) => {
      hear(plugin.validate(context).violations);
      return { success: true, violations: [] };
    },
  };
}
