import { Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';

/*
 * How people learn that a backup which somebody wanted is not there: by AWS's own metrics and events, without
 * a call of the handler. Its executions end FAILED then.
 */

/** AWS's metrics of a state machine. */
const METRICS = ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'];

/** CloudWatch treats what is missing in a sum as 0. */
export function metricOfFailed(
  machines: readonly string[],
  options?: cloudwatch.MathExpressionOptions,
): cloudwatch.MathExpression {
  const all = machines.flatMap((StateMachineArn) =>
    METRICS.map((metricName) => {
      const dimensionsMap = { StateMachineArn };
      return new cloudwatch.Metric({ namespace: 'AWS/States', metricName, dimensionsMap, statistic: 'Sum' });
    }),
  );
  const usingMetrics = Object.fromEntries(all.map((metric, nth) => [`m${nth + 1}`, metric]));
  const expression = Object.keys(usingMetrics).join(' + ');
  return new cloudwatch.MathExpression({
    label: 'backups that failed',
    ...options,
    expression,
    usingMetrics,
  });
}

/** What a target is told. Not the input of an execution: it may hold a URL that answers CloudFormation. */
const TOLD = ['status', 'name', 'executionArn', 'startDate', 'stopDate'];

export function ruleOfFailed(
  scope: Construct,
  id: string,
  machines: () => string[],
  target: events.IRuleTarget,
): events.IRule {
  const rule = new events.Rule(scope, id, {
    description: 'backups that somebody wanted, and that are not there',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: Lazy.list({ produce: machines }),
      },
    },
  });
  const told = Object.fromEntries(TOLD.map((name) => [name, events.EventField.fromPath(`$.detail.${name}`)]));
  const input = events.RuleTargetInput.fromObject(told);
  rule.addTarget({ bind: (to, targetId) => ({ ...target.bind(to, targetId), input }) });
  return rule;
}
