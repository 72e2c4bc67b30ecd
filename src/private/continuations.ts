import { CfnResource, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { shareCondition } from './condition';
import {
  CONTINUATION_TYPE,
  type ContinuationProperties,
  MAX_SERVICE_TIMEOUT,
  MAX_WAIT,
  SCHEMA_VERSION,
} from './contract';

/**
 * Define the resources that go on waiting after a backup's own resource, and return the last link of this
 * chain. That one keeps its logical id when the timeout changes, since other resources refer to it.
 */
export function continueWaiting(
  backup: Construct,
  first: CustomResource,
  seconds: number,
  engine: { readonly serviceToken: string; readonly stateMachineArn: string },
): CustomResource {
  const count = Math.ceil(seconds / MAX_WAIT) - 1;
  let last = first;
  for (let i = 1; i <= count; i++) {
    const link = new CustomResource(backup, i === count ? 'Continuation' : `Continuation${i}`, {
      serviceToken: engine.serviceToken,
      resourceType: CONTINUATION_TYPE,
      serviceTimeout: Duration.seconds(MAX_SERVICE_TIMEOUT),
      removalPolicy: RemovalPolicy.RETAIN, // it owns nothing that could be deleted
      properties: {
        SchemaVersion: SCHEMA_VERSION,
        StateMachineArn: engine.stateMachineArn,
        BackupId: last.getAttString('BackupId'),
        BackupLifecycle: last.getAttString('BackupLifecycle'),
        BackupCreationTime: last.getAttString('BackupCreationTime'),
        TimeoutSeconds: String(seconds - i * MAX_WAIT),
      } satisfies ContinuationProperties,
    });
    shareCondition(resourceOf(link), resourceOf(first));
    last = link;
  }
  return last;
}

export function resourceOf(custom: CustomResource): CfnResource {
  return custom.node.defaultChild as CfnResource;
}
