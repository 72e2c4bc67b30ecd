import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { shown } from './copies';
import { checkMember } from './type-checks';

/** How long a backup may take. All in seconds. */
export function checkTimeout(given: Duration | undefined, usual: number, longest: number): number {
  const timeout = given ?? Duration.seconds(usual);
  checkMember('timeout', timeout, 'toSeconds', 'a Duration, such as Duration.minutes(30)');
  if (timeout.isUnresolved()) {
    throw new Error('timeout is only known at deployment: give a Duration with a number');
  }
  const seconds = timeout.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 60 && seconds <= longest) return seconds;
  const most = Duration.seconds(longest).toHumanString();
  throw new Error(
    `timeout is ${timeout.toHumanString()}: it must be from 1 minute to ${most}, in whole seconds`,
  );
}

export function checkKeepLast(
  keepLast: number | undefined,
  advice = 'To keep no backup of a deleted resource, use removalPolicy: RemovalPolicy.DESTROY',
): number | undefined {
  if (keepLast === undefined || (Number.isInteger(keepLast) && keepLast >= 1)) return keepLast;
  const given = Token.isUnresolved(keepLast) ? 'only known at deployment' : shown(keepLast);
  throw new Error(`keepLast is ${given}: it must be a whole number of at least 1. ${advice}`);
}

export function checkRemovalPolicy(path: string, policy: RemovalPolicy, keepLast: number | undefined): void {
  if (policy !== RemovalPolicy.RETAIN && policy !== RemovalPolicy.DESTROY) {
    const why = policy === RemovalPolicy.SNAPSHOT ? ', and a backup is a snapshot already' : '';
    throw new Error(
      `removalPolicy of "${path}" is "${policy}"${why}: use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY`,
    );
  }
  if (policy === RemovalPolicy.DESTROY && keepLast !== undefined) {
    throw new Error(
      `keepLast of "${path}" is ${keepLast}, and its removalPolicy is DESTROY, with which only the newest ` +
        'backup is left anyway: use keepLast with RemovalPolicy.RETAIN',
    );
  }
}
