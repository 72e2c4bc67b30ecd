import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stacksOf } from '../cloudformation/assembly';
import type { CloudFormation, Deployment, StackOutcome } from '../cloudformation/engine';
import { AwsError } from '../endpoint';
import { ActionFailure, type Caller, type Play } from './action';

/** An action that prepares or deploys a stack. Its artifacts are in one directory: a cloud assembly. */
export function stackAction({ cloudFormation }: { cloudFormation: () => CloudFormation }): Play {
  return async ({ configuration, assembly, caller }) => {
    const { ActionMode, StackName, ChangeSetName, RoleArn } = configuration;
    const service = cloudFormation();
    const exists = await isThere(caller, service, StackName);
    const context =
      ChangeSetName === undefined ? undefined : { 'cloudformation:ChangeSetName': ChangeSetName };
    const resource = service.resourceFor(StackName);
    const call = (operation: string) =>
      caller.call(
        `cloudformation:${operation}`,
        { StackName, ChangeSetName, RoleARN: RoleArn },
        [
          { resource, context },
          ...(RoleArn === undefined
            ? []
            : [
                {
                  action: 'iam:PassRole',
                  resource: RoleArn,
                  context: { 'iam:PassedToService': 'cloudformation.amazonaws.com' },
                },
              ]),
        ],
        () => {},
      );

    switch (ActionMode) {
      case 'CHANGE_SET_REPLACE': {
        const deployment = deploymentOf(configuration, assembly);
        await call('CreateChangeSet');
        await service.createChangeSet(ChangeSetName, deployment);
        return {};
      }
      case 'CHANGE_SET_EXECUTE':
        await call('ExecuteChangeSet');
        return deployed(StackName, await service.executeChangeSet(ChangeSetName, StackName));
      default: {
        const deployment = deploymentOf(configuration, assembly);
        await call(exists ? 'UpdateStack' : 'CreateStack');
        return deployed(StackName, await service.deploy(deployment));
      }
    }
  };
}

async function isThere(caller: Caller, { api }: CloudFormation, StackName: string): Promise<boolean> {
  return caller.ask(api, 'DescribeStacks', { StackName }).then(
    () => true,
    (error) => {
      if (error instanceof AwsError && error.code === 'ValidationError') return false;
      throw error;
    },
  );
}

/** The outputs of the stack are the variables of the action. */
function deployed(name: string, { status, reason, outputs, noChanges }: StackOutcome) {
  if (noChanges || /^(CREATE|UPDATE)_COMPLETE$/.test(status)) return { variables: outputs };
  throw new ActionFailure(`The stack ${name} is in ${status}: ${reason}`);
}

function deploymentOf(configuration: Record<string, string>, assembly?: string): Deployment {
  const { StackName, TemplatePath, TemplateConfiguration, ParameterOverrides = '{}' } = configuration;
  const path = fileIn(assembly, TemplatePath);
  const found = stacksOf(assembly!).find(({ templatePath }) => templatePath === path);
  if (!found) {
    throw new ActionFailure(`File [${TemplatePath}] is not the template of a stack of the cloud assembly`);
  }
  const more = TemplateConfiguration === undefined ? {} : readJson(fileIn(assembly, TemplateConfiguration));
  if ('StackPolicy' in more) throw new Error(`the sandbox does not serve the StackPolicy of ${StackName}`);
  const parameters = { ...more.Parameters, ...JSON.parse(ParameterOverrides) };
  const computed = Object.keys(parameters).find((name) => typeof parameters[name] !== 'string');
  if (computed !== undefined) {
    throw new Error(
      `the sandbox does not serve a function in ParameterOverrides, as for ${computed} of ${StackName}`,
    );
  }
  return {
    stackName: StackName,
    template: found.template,
    assets: found.assets,
    parameters,
    tags: more.Tags,
  };
}

/** `<artifact>::<path>` */
function fileIn(assembly: string | undefined, location: string): string {
  if (assembly === undefined) throw new Error(`${location} is in an artifact: give \`assembly\` to start()`);
  const [artifact, path] = location.split('::');
  const file = join(assembly, path ?? '');
  if (path === undefined || !existsSync(file)) {
    throw new ActionFailure(`File [${path}] does not exist in artifact [${artifact}]`);
  }
  return file;
}

function readJson(file: string): any {
  return JSON.parse(readFileSync(file, 'utf8'));
}
