import { CustomResource, RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { shareCondition } from './condition';
import { CONTINUATION_TYPE, type ContinuationProperties, MAX_WAIT } from './contract';
import { defineResource, type Engine, resourceOf } from './custom-resource';

/**
 * Define the resources that go on waiting after a backup's own resource, and return the last link of this
 * chain. That one keeps its logical id when the timeout changes, since other resources refer to it.
 */
export function continueWaiting(
  backup: Construct,
  first: CustomResource,
  seconds: number,
  engine: Engine,
): CustomResource {
  const count = Math.ceil(seconds / MAX_WAIT) - 1;
  let last = first;
  for (let i = 1; i <= count; i++) {
    const id = i === count ? 'Continuation' : `Continuation${i}`;
    const link = defineResource<ContinuationProperties>(backup, id, CONTINUATION_TYPE, engine, {
      BackupId: last.getAttString('BackupId'),
      BackupLifecycle: last.getAttString('BackupLifecycle'),
      BackupCreationTime: last.getAttString('BackupCreationTime'),
      TimeoutSeconds: String(seconds - i * MAX_WAIT),
    });
    link.applyRemovalPolicy(RemovalPolicy.RETAIN); // it owns nothing that could be deleted
    shareCondition(resourceOf(link), resourceOf(first));
    last = link;
  }
  return last;
}
