import { arn, type Place } from '../cloudformation/world';
import type { PolicyStore } from '../iam';

const ACTIONS = [
  'CreateChangeSet',
  'DeleteChangeSet',
  'DescribeChangeSet',
  'ExecuteChangeSet',
  'DescribeStacks',
  'CreateStack',
  'UpdateStack',
  'RollbackStack',
  'ContinueUpdateRollback',
];

/**
 * The account is bootstrapped: it has the role that a pipeline of CDK deploys with, and that is all that the
 * sandbox asks it for.
 */
export function putBootstrapRole(policies: PolicyStore, place: Place): Promise<void> {
  const role = (purpose: string) =>
    arn(place, 'iam', `role/cdk-hnb659fds-${purpose}-role-${place.accountId}-${place.region}`, '');
  const allow = (Action: string | string[], Resource: string) => ({ Effect: 'Allow', Action, Resource });
  return policies.putRole(role('deploy'), {
    trust: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: place.accountId } }],
    },
    inline: {
      default: {
        Version: '2012-10-17',
        Statement: [
          allow(
            ACTIONS.map((action) => `cloudformation:${action}`),
            '*',
          ),
          allow('iam:PassRole', role('cfn-exec')),
        ],
      },
    },
  });
}
