import { CfnResource, CustomResource, Duration, Lazy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { MAX_SERVICE_TIMEOUT, SCHEMA_VERSION } from './contract';
import { prepareAgain } from './preparation';

/** What answers the requests of CloudFormation: the provider's function, and its state machine. */
export interface Engine {
  readonly serviceToken: string;
  readonly stateMachineArn: string;
}

/** Properties that every resource of the library has. */
export type CommonProperties = 'SchemaVersion' | 'StateMachineArn';

/** Define a resource of the library. Its service timeout is also that of deletions, which may take long. */
export function defineResource<P extends object>(
  scope: Construct,
  id: string,
  resourceType: string,
  { serviceToken, stateMachineArn }: Engine,
  properties: Omit<P, CommonProperties>,
): CustomResource {
  return new CustomResource(scope, id, {
    serviceToken,
    resourceType,
    serviceTimeout: Duration.seconds(MAX_SERVICE_TIMEOUT),
    properties: { SchemaVersion: versionFor(scope), StateMachineArn: stateMachineArn, ...properties },
  });
}

/** CDK resolves it whenever it prepares the app. */
function versionFor(scope: Construct): string {
  return Lazy.uncachedString({
    produce: ({ preparing }) => {
      if (preparing) prepareAgain(scope);
      return SCHEMA_VERSION;
    },
  });
}

export function resourceOf(custom: CustomResource): CfnResource {
  return custom.node.defaultChild as CfnResource;
}
