/*
 * The only way into the sandbox: what is not named here may change without asking. It plays AWS for
 * whatever is deployed, and knows none of it.
 */

export { Sandbox, type SandboxOptions } from './sandbox';

// Its parts, for tests that let other engines play the rest.
export { VirtualClock } from './clock';
export { listen } from './endpoint';
export { type Listening, onLoopback } from './loopback';
export { FsxService } from './fsx/service';
export { fsxTypes } from './cloudformation/resources/fsx';
export { type Known, permissionsFor } from './fsx/permissions';
export type { AuthorizationRequest, PolicyDocument, Role } from './iam';
export { VacantProcesses } from './lambda/container';
export { FunctionError } from './lambda/runtime';

// What goes in: assemblies, what was there before, and what goes wrong.
export { stacksOf } from './cloudformation/assembly';
export type { CloudFormationOptions } from './cloudformation/options';
export type { Template } from './cloudformation/template';
export { type Fault, FaultPlan, type Which } from './faults';
export { createExisting, KINDS } from './fsx/existing';
export type { FsxOptions } from './fsx/options';
export { synthesize } from './synthesize';

// What comes out: backups, executions, and a record of all that happened.
export type { ActionExecution, PipelineExecution } from './codepipeline/service';
export { type BackupRecord, lifecycleOf } from './fsx/backup';
export type { FileSystemType } from './fsx/description';
export { type Entry, Journal, type Recorded } from './journal';
export type { Execution } from './step-functions';
export {
  type Colours,
  NARROW,
  type Output,
  shownDate,
  shownDuration,
  type Terminal,
  type TerminalOptions,
  terminalOf,
  wrapped,
} from './terminal';
