import { AwsError } from '../../endpoint';
import { arn, type World } from '../world';
import { ResourceFailure, type NativeType, type ResourceRequest } from './provider';

const UNSERVED = ['Layers', 'ImageConfig', 'FileSystemConfigs', 'SnapStart', 'DurableConfig'];

/** Functions, handed to the Lambda runtime. */
export function lambdaTypes(world: World): Record<string, NativeType> {
  const define = (name: string, request: ResourceRequest) => {
    const { properties } = request;
    const unserved = UNSERVED.find((property) => properties[property] !== undefined);
    if (unserved) {
      throw new ResourceFailure(
        `the sandbox does not serve ${unserved} of AWS::Lambda::Function (${request.logicalId})`,
      );
    }
    if (!properties.Code?.S3Key) {
      throw new ResourceFailure(
        `the code of ${request.logicalId} is not a file asset (S3Key); the sandbox serves no other`,
      );
    }
    world.policies?.assertTrusts?.(properties.Role, 'lambda.amazonaws.com');
    const functionArn = arn(world, 'lambda', `function:${name}`);
    world.lambda.create({
      arn: functionArn,
      name,
      directory: request.asset(properties.Code.S3Key),
      handler: properties.Handler,
      timeoutSeconds: Number(properties.Timeout ?? 3),
      memoryMegabytes: Number(properties.MemorySize ?? 128),
      roleArn: properties.Role,
      logGroup: properties.LoggingConfig?.LogGroup,
      vpc: (properties.VpcConfig?.SubnetIds ?? []).length > 0,
      environment: Object.fromEntries(
        Object.entries(properties.Environment?.Variables ?? {}).map(([key, value]) => [key, String(value)]),
      ),
    });
    return functionArn;
  };
  return {
    'AWS::Lambda::Function': {
      attributes: ['Arn'],
      replacedBy: ['FunctionName', 'PackageType'],
      create: async (request) => {
        if (request.properties.VpcConfig) await assertInVpc(world, request.properties.Role);
        const name =
          request.properties.FunctionName ??
          world.identities.physicalId(request.stack.name, request.logicalId, 64);
        return { physicalId: name, attributes: { Arn: define(name, request) } };
      },
      update: (request) => {
        define(request.physicalId, request);
      },
      delete: ({ physicalId }) => world.lambda.remove(arn(world, 'lambda', `function:${physicalId}`)),
    },
  };
}

/** Lambda makes the network interfaces with the permissions of the function. */
async function assertInVpc(world: World, principal: string): Promise<void> {
  try {
    await world.authorizer?.authorize({
      principal,
      action: 'ec2:CreateNetworkInterface',
      resource: arn(world, 'ec2', 'network-interface/*'),
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new ResourceFailure(
      'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
    );
  }
}
