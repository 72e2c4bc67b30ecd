import { readFileSync } from 'node:fs';
import { arn, type World } from '../world';
import { ResourceFailure, type NativeType, type ResourceRequest } from './provider';

/** State machines, handed to Step Functions. */
export function stateMachineTypes(world: World): Record<string, NativeType> {
  const define = (name: string, request: ResourceRequest) => {
    const { properties, logicalId } = request;
    if (!world.stepFunctions) {
      throw new ResourceFailure(
        `${logicalId} is a state machine, and this sandbox runs without Step Functions`,
      );
    }
    if ((properties.StateMachineType ?? 'STANDARD') !== 'STANDARD') {
      throw new ResourceFailure(`the sandbox serves standard workflows only (${logicalId})`);
    }
    world.policies?.assertTrusts?.(properties.RoleArn, 'states.amazonaws.com');
    const machineArn = arn(world, 'states', `stateMachine:${name}`);
    const keyArn = properties.EncryptionConfiguration?.KmsKeyId;
    world.stepFunctions.createStateMachine({
      arn: machineArn,
      name,
      roleArn: properties.RoleArn,
      definition: definitionOf(request),
      keyArn,
    });
    return { Arn: machineArn, Name: name, StateMachineRevisionId: world.identities.uuid() };
  };
  return {
    'AWS::StepFunctions::StateMachine': {
      attributes: ['Arn', 'Name', 'StateMachineRevisionId'],
      replacedBy: ['StateMachineName', 'StateMachineType', 'EncryptionConfiguration'],
      create: (request) => {
        const { StateMachineName } = request.properties;
        const attributes = define(
          StateMachineName ?? world.identities.physicalId(request.stack.name, request.logicalId, 80),
          request,
        );
        return { physicalId: attributes.Arn, attributes };
      },
      update: (request) => define(request.attributes.Name as string, request),
      delete: ({ physicalId }) => world.stepFunctions?.deleteStateMachine(physicalId),
    },
  };
}

function definitionOf({ properties, asset, logicalId }: ResourceRequest): object {
  const { Definition, DefinitionString, DefinitionS3Location, DefinitionSubstitutions } = properties;
  const text =
    DefinitionString ??
    (Definition && JSON.stringify(Definition)) ??
    (DefinitionS3Location && readFileSync(asset(DefinitionS3Location.Key), 'utf8'));
  if (text === undefined) throw new ResourceFailure(`${logicalId} has no definition`);
  const substituted = Object.entries(DefinitionSubstitutions ?? {}).reduce<string>(
    (result, [key, value]) => result.replaceAll(`\${${key}}`, String(value)),
    text,
  );
  return JSON.parse(substituted);
}
