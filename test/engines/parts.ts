import { EXPLAINED_FINDINGS, type ExplainedFinding } from './explained-findings';

export interface Part {
  /** and the outermost `describe` of its tests */
  title: string;
  engines: string[];
  about: string;
  /** what engines find, and why it stands */
  explained?: ExplainedFinding[];
}

/** In the order of the page. */
export const PARTS: Part[] = [
  {
    title: 'Deployments',
    engines: ['AWS CDK CLI 2.1148.1', 'ministack 1.5.33', 'moto 5.2.5'],
    about:
      'The genuine CLI bootstraps, deploys and destroys; ministack plays CloudFormation, Lambda and ' +
      "Step Functions; FSx is the sandbox's, and once moto's.",
  },
  {
    title: 'Lambda runtime',
    engines: ['aws-lambda-ric 4.0.2', 'Node.js 22', 'Node.js 24'],
    about: "The handler under AWS's own runtime client, which asks for invocations as in Lambda.",
  },
  {
    title: 'Templates and state machines',
    engines: [
      '@aws/cloudformation-validate',
      'cfn-lint 1.58.0',
      'asl-validator 4.0.0',
      'statelint 1.30.0',
      'cdk-nag 3.0.2',
    ],
    about:
      'Foreign validators read what the examples and a stack with everything synthesize to, on the latest ' +
      'aws-cdk-lib, with no feature flags and with all recommended ones. cfn-lint judges for Regions of ' +
      'all three partitions.',
    explained: EXPLAINED_FINDINGS,
  },
  {
    title: 'Permissions',
    engines: ['@cloud-copilot/iam-simulate 0.1.173'],
    about:
      'Each grant of the synthesized policies is taken away, and each condition and resource widened: a ' +
      'call of the tests must be denied, or a forbidden one allowed.',
  },
  {
    title: 'Faults on the wire',
    engines: ['AWS SDK for JavaScript v3'],
    about:
      'Between the SDK and FSx, CloudFormation, Step Functions and the response URLs lies a proxy that ' +
      'does what networks do.',
  },
  {
    title: 'Bad inputs',
    engines: [],
    about:
      'Events, inputs of executions and properties that nobody should send: never a hang, never a stack ' +
      'trace to the user, never a foreign backup touched.',
  },
  {
    title: 'Runbook',
    engines: ['AWS CLI 1.46.3', 'ministack 1.5.33'],
    about:
      "The genuine AWS CLI runs every command of [the page for the night](runbook.md), with the page's " +
      "permissions and no others: on the sandbox's APIs, and CloudWatch Logs on ministack's, with lines " +
      "that the handler wrote under AWS's runtime client.",
  },
  {
    title: 'Live tests',
    engines: ['@aws-cdk/integ-runner 2.197.10', '@aws-cdk/integ-tests-alpha 2.245.0'],
    about:
      'Apps for a real account, which [has not been there yet](live-tests.md). Until then their snapshots ' +
      'are verified, and they are deployed into the sandbox, where the same must be true of them.',
  },
];
