import { arn, type World } from '../world';
import type { NativeType, ResourceRequest } from './provider';

/** Log groups, keys, secrets and parameters: names with little behaviour. */
export function storedValueTypes(world: World): Record<string, NativeType> {
  const nameFor = ({ stack, logicalId }: ResourceRequest) =>
    world.identities.physicalId(stack.name, logicalId);
  const keyArn = (id: string) => arn(world, 'kms', `key/${id}`);
  return {
    'AWS::SSM::Parameter': {
      attributes: ['Type', 'Value'],
      replacedBy: ['Name'],
      create: (request) => {
        const name = request.properties.Name ?? `CFN-${nameFor(request)}`;
        world.ssm.set(name, String(request.properties.Value));
        return { physicalId: name, attributes: valuesOf(request) };
      },
      update: (request) => {
        world.ssm.set(request.physicalId, String(request.properties.Value));
        return valuesOf(request);
      },
      delete: ({ physicalId }) => void world.ssm.delete(physicalId),
    },
    'AWS::Logs::LogGroup': {
      attributes: ['Arn'],
      replacedBy: ['LogGroupName'],
      create: (request) => {
        const name = request.properties.LogGroupName ?? nameFor(request);
        return { physicalId: name, attributes: { Arn: `${arn(world, 'logs', `log-group:${name}`)}:*` } };
      },
    },
    'AWS::KMS::Key': {
      attributes: ['Arn', 'KeyId'],
      create: ({ properties }) => {
        const KeyId = world.identities.uuid();
        world.policies?.putResourcePolicy?.(keyArn(KeyId), properties.KeyPolicy);
        return { physicalId: KeyId, attributes: { KeyId, Arn: keyArn(KeyId) } };
      },
      update: ({ physicalId, properties }) =>
        world.policies?.putResourcePolicy?.(keyArn(physicalId), properties.KeyPolicy),
      delete: ({ physicalId }) => world.policies?.putResourcePolicy?.(keyArn(physicalId), undefined),
    },
    'AWS::KMS::Alias': {
      attributes: [],
      replacedBy: ['AliasName'],
      create: ({ properties }) => ({ physicalId: properties.AliasName, attributes: {} }),
    },
    'AWS::SecretsManager::Secret': {
      attributes: ['Id'],
      replacedBy: ['Name'],
      create: (request) => {
        const Id = arn(
          world,
          'secretsmanager',
          `secret:${request.properties.Name ?? nameFor(request)}-${world.identities.suffix().slice(0, 6)}`,
        );
        return { physicalId: Id, attributes: { Id } };
      },
    },
  };
}

function valuesOf({ properties }: ResourceRequest) {
  return { Type: properties.Type, Value: properties.Value };
}
