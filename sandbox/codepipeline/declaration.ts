import { AwsError } from '../endpoint';

export type Provider = 'StepFunctions' | 'Lambda' | 'CloudFormation' | 'not played';

export interface Action {
  name: string;
  provider: Provider;
  /** variables not yet resolved */
  configuration: Record<string, string>;
  runOrder: number;
  roleArn?: string;
  namespace?: string;
  hasOutput: boolean;
}

export interface Stage {
  name: string;
  actions: Action[];
}

/** A pipeline, as its template declares it. */
export interface Pipeline {
  name: string;
  roleArn: string;
  stages: Stage[];
}

const PIPELINE = [
  'Name',
  'RoleArn',
  'Stages',
  'ArtifactStore',
  'PipelineType',
  'ExecutionMode',
  'RestartExecutionOnUpdate',
  'Triggers',
  'Tags',
];
const ACTION = [
  'Name',
  'ActionTypeId',
  'Configuration',
  'InputArtifacts',
  'OutputArtifacts',
  'RunOrder',
  'RoleArn',
  'Namespace',
  'Region',
];
const SERVED: Record<string, Provider> = {
  'Invoke/AWS/StepFunctions/1': 'StepFunctions',
  'Invoke/AWS/Lambda/1': 'Lambda',
  'Deploy/AWS/CloudFormation/1': 'CloudFormation',
  'Build/AWS/CodeBuild/1': 'not played',
  'Test/AWS/CodeBuild/1': 'not played',
};
const CONFIGURATION: Partial<Record<Provider, { required: string[]; optional: string[] }>> = {
  StepFunctions: { required: ['StateMachineArn'], optional: ['ExecutionNamePrefix', 'InputType', 'Input'] },
  Lambda: { required: ['FunctionName'], optional: ['UserParameters'] },
  CloudFormation: {
    required: ['ActionMode', 'StackName'],
    optional: [
      'ChangeSetName',
      'TemplatePath',
      'Capabilities',
      'RoleArn',
      'TemplateConfiguration',
      'ParameterOverrides',
    ],
  },
};
const REQUIRED_BY_MODE: Record<string, string[]> = {
  CHANGE_SET_REPLACE: ['ChangeSetName', 'TemplatePath', 'RoleArn'],
  CHANGE_SET_EXECUTE: ['ChangeSetName'],
  CREATE_UPDATE: ['TemplatePath', 'RoleArn'],
};
const NOT_IN_CHINA: Provider[] = ['StepFunctions', 'CloudFormation'];
/** The service model's limit for a value, as it is declared. */
export const LONGEST_VALUE = 1000;

/**
 * A pipeline from the properties of its resource; refused as AWS does it, or because the sandbox does not
 * serve it.
 */
export function declarationOf(name: string, properties: any, region: string): Pipeline {
  assertServed('the pipeline', properties, PIPELINE);
  if ((properties.ExecutionMode ?? 'SUPERSEDED') !== 'SUPERSEDED') {
    throw unserved(`ExecutionMode ${properties.ExecutionMode}`, 'the pipeline');
  }
  assertSourcesFirst(properties.Stages);
  const stages = properties.Stages.map((stage: any, index: number): Stage => {
    assertServed(`stage ${stage.Name}`, stage, ['Name', 'Actions']);
    return {
      name: stage.Name,
      actions: stage.Actions.map((action: any, nth: number) =>
        actionOf(action, `pipeline.stages.${index + 1}.member.actions.${nth + 1}.member`, region),
      ),
    };
  });
  return { name, roleArn: properties.RoleArn, stages };
}

function actionOf(action: any, path: string, region: string): Action {
  const {
    Name: name,
    ActionTypeId,
    RunOrder = 1,
    RoleArn,
    Namespace,
    Region = region,
    InputArtifacts = [],
    OutputArtifacts = [],
  } = action;
  const where = `action ${name}`;
  assertServed(where, action, ACTION);
  if (Region !== region) throw unserved(`Region ${Region}`, where);
  const provider = providerOf(ActionTypeId, where);
  if (region.startsWith('cn-') && NOT_IN_CHINA.includes(provider)) {
    throw new AwsError(
      'InvalidActionDeclarationException',
      `ActionType (Provider: '${provider}') in action '${name}' is not available in region ${region}`,
    );
  }
  if (provider === 'Lambda' && InputArtifacts.length + OutputArtifacts.length > 0) {
    throw unserved('an artifact', where);
  }
  const configuration = Object.fromEntries(
    Object.entries(action.Configuration ?? {}).map(([key, value]) => [key, String(value)]),
  );
  assertLengths(configuration, path);
  assertConfiguration(name, provider, configuration);
  return {
    name,
    provider,
    configuration,
    runOrder: Number(RunOrder),
    roleArn: RoleArn,
    namespace: Namespace,
    hasOutput: OutputArtifacts.length > 0,
  };
}

function providerOf({ Category, Owner, Provider: provider, Version }: any, where: string): Provider {
  if (Category === 'Source') return 'not played';
  const type = `${Category}/${Owner}/${provider}/${Version}`;
  if (type in SERVED) return SERVED[type];
  throw unserved(`the type ${type}`, where);
}

function assertLengths(configuration: Record<string, string>, path: string): void {
  if (Object.values(configuration).every(({ length }) => length >= 1 && length <= LONGEST_VALUE)) return;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${path}.configuration' failed to satisfy constraint: Map ` +
      `value must satisfy constraint: [Member must have length less than or equal to ${LONGEST_VALUE}, ` +
      'Member must have length greater than or equal to 1]',
  );
}

function assertConfiguration(name: string, provider: Provider, configuration: Record<string, string>): void {
  const members = CONFIGURATION[provider];
  if (!members) return;
  const where = `action ${name}`;
  const { InputType = 'Literal', ActionMode = '' } = configuration;
  assertServed(where, configuration, [...members.required, ...members.optional]);
  if (InputType !== 'Literal') throw unserved(`InputType ${InputType}`, where);
  const missing = [...members.required, ...(REQUIRED_BY_MODE[ActionMode] ?? [])].find(
    (key) => !(key in configuration),
  );
  if (missing) {
    throw new AwsError(
      'InvalidActionDeclarationException',
      `Action configuration for action '${name}' is missing required configuration '${missing}'`,
    );
  }
  if (provider === 'CloudFormation' && !(ActionMode in REQUIRED_BY_MODE)) {
    throw unserved(`ActionMode ${ActionMode}`, where);
  }
}

function assertSourcesFirst([first, ...others]: any[]): void {
  const isSource = ({ ActionTypeId }: any) => ActionTypeId.Category === 'Source';
  if (
    others.length > 0 &&
    first.Actions.every(isSource) &&
    !others.some(({ Actions }) => Actions.some(isSource))
  ) {
    return;
  }
  throw new AwsError(
    'InvalidStructureException',
    'Pipeline should start with a stage that only contains source actions, and have others after it ' +
      'that contain none',
  );
}

function assertServed(where: string, given: object, members: readonly string[]): void {
  const other = Object.keys(given).find((member) => !members.includes(member));
  if (other !== undefined) throw unserved(other, where);
}

function unserved(what: string, where: string): Error {
  return new Error(`the sandbox does not serve ${what} of ${where}`);
}
