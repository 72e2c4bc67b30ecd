/**
 * What CloudFormation's documentation leaves open, and where it may be unfriendly. A test may want it
 * otherwise, at any time: each is read when it matters.
 */
export interface CloudFormationOptions {
  /** virtual milliseconds that an operation on a native resource takes; undefined: the built-in guess */
  duration?: (
    type: string,
    operation: 'create' | 'update' | 'delete',
    logicalId: string,
  ) => number | undefined;
  /**
   * Lambda delivers at least once: every custom resource event comes again, so many virtual milliseconds
   * after its first delivery, also into a later operation of the stack.
   */
  redeliveries: readonly number[];

  /** Are there events with the detailed status CONFIGURATION_COMPLETE, of resources and of the stack? */
  configurationComplete: boolean;
  /** DescribeStacks shows the stack as it was so many virtual milliseconds ago. */
  describeStacksLag: number;
  /** [?] Does a rollback move `LastUpdatedTime`? */
  rollbackMovesLastUpdatedTime: boolean;
  /** [?] what DescribeStackResource shows while a replaced physical id of the resource is being deleted */
  cleanupShows: 'new id' | 'old id';
  /** stack events in one page of DescribeStackEvents */
  eventsPerPage: number;

  /** [?] the order in which a rollback sends resources back: dependencies first, or dependents first */
  rollbackOrder: 'as created' | 'reversed';
  /**
   * [?] Does a rollback resolve the properties of the previous template again, against the resources as they
   * are then? Only in the order of creation: otherwise what they refer to is not back yet.
   */
  rollbackResolvesAgain: boolean;
  /** [?] with rollback disabled: when a resource whose update failed goes back to its last stable state */
  returnsFailed: 'at once' | 'in the end';
  /**
   * [?] Does `UpdateReplacePolicy: Retain` also keep the *new* physical resource when an update rolls back?
   */
  updateReplacePolicySparesNewId: boolean;
  /** [?] whose `UpdateReplacePolicy` decides about a replaced physical resource */
  updateReplacePolicyOf: 'new template' | 'old template';
  /**
   * [?] With rollback disabled, a creation failed, and a later attempt creates the resource again: does the
   * physical id that the failed one has left get no Delete?
   */
  forgetsFailedIds: boolean;
  /** how often the cleanup of an update tries to delete before it abandons the resource */
  cleanupAttempts: number;

  /** [?] Has an Express deployment rollback disabled, unless it says otherwise? */
  expressDisablesRollback: boolean;
  /**
   * Does a wait condition handle that is created again under the logical id of an earlier one still have its
   * signals? Its URL is a key of stack and logical id in a versioned bucket, and AWS warns of that.
   */
  waitHandlesRemember: boolean;

  /** parameters of the Systems Manager parameter store that are there from the beginning */
  ssmParameters: Record<string, string>;
}

export const DEFAULT_OPTIONS: CloudFormationOptions = {
  redeliveries: [],
  configurationComplete: false,
  describeStacksLag: 0,
  rollbackMovesLastUpdatedTime: false,
  cleanupShows: 'new id',
  eventsPerPage: 100,
  rollbackOrder: 'as created',
  rollbackResolvesAgain: false,
  returnsFailed: 'in the end',
  updateReplacePolicySparesNewId: false,
  updateReplacePolicyOf: 'new template',
  forgetsFailedIds: false,
  cleanupAttempts: 3,
  expressDisablesRollback: false,
  waitHandlesRemember: false,
  ssmParameters: { '/cdk-bootstrap/hnb659fds/version': '28' },
};
