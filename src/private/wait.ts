import {
  CfnResource,
  CfnWaitCondition,
  CfnWaitConditionHandle,
  IResolveContext,
  Lazy,
  Token,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Awaited } from './awaited';
import { ANSWER_MARGIN, MAX_WAIT_CONDITION_TIMEOUT } from './contract';
import { isHashing } from './resource-hash';

/**
 * Another value makes another deployment of the same app: for triggers that ask for it, and for a wait
 * condition that has had its time.
 */
export const DEPLOYMENT_CONTEXT = 'cdk-fsx-backup:deployment';

/**
 * Waiting for longer than CloudFormation waits for a custom resource: a wait condition, which the provider
 * signals.
 *
 * A wait condition waits once in its life, and cannot be changed. So there is another one, with another
 * logical id, for each generation of the backup.
 */
export class Wait {
  /** What the provider signals. */
  public readonly handle: string;
  /** The logical id of the wait condition. */
  public readonly name: string;
  private readonly condition: CfnWaitCondition;

  /**
   * @param seconds how long the backup may take
   * @param suffix of the logical ids: another one makes another wait condition
   */
  constructor(scope: Construct, seconds: number, suffix: () => string) {
    const handle = new CfnWaitConditionHandle(scope, 'WaitHandle');
    this.condition = new CfnWaitCondition(scope, 'WaitCondition', {
      handle: handle.ref,
      timeout: String(Math.min(seconds + ANSWER_MARGIN, MAX_WAIT_CONDITION_TIMEOUT)),
      count: 1,
    });
    for (const resource of [handle, this.condition]) {
      const base = resource.stack.getLogicalId(resource).slice(-240); // CDK's hash of the path is at the end
      // While CDK looks for references, not everything that the hash covers is in place.
      const produce = ({ preparing }: IResolveContext) =>
        preparing || isHashing() ? base : `${base}${suffix()}`;
      resource.overrideLogicalId(Lazy.uncachedString({ produce }));
    }
    this.handle = handle.ref;
    this.name = this.condition.logicalId;
  }

  /** The condition's clock starts when the resource is there. */
  public startAfter(resource: CfnResource): void {
    this.condition.node.addDependency(resource);
  }

  /** The value of the resource, for whom it is there only when the wait is over. */
  public awaited(value: string, resource: CfnResource): string {
    return Token.asString(new Awaited(value, resource, this.condition));
  }
}
