import { Canary } from './canary';
import { VirtualClock } from './clock';
import { type AssemblyOptions, CloudFormation, type StackOutcome } from './cloudformation/engine';
import type { CloudFormationOptions, Place } from './cloudformation/world';
import { putBootstrapRole } from './codepipeline/bootstrap-role';
import { CodePipeline } from './codepipeline/service';
import { type AwsApi, listen } from './endpoint';
import { FaultPlan } from './faults';
import type { FsxOptions } from './fsx/options';
import { People } from './fsx/people';
import { FsxService } from './fsx/service';
import { PolicyStore } from './iam';
import { Journal } from './journal';
import type { VacantProcesses } from './lambda/container';
import { LambdaRuntime } from './lambda/runtime';
import { StepFunctions } from './step-functions';

export interface SandboxOptions {
  readonly accountId?: string;
  readonly region?: string;
  readonly partition?: string;
  readonly fsx?: Partial<FsxOptions>;
  readonly cloudFormation?: Partial<CloudFormationOptions>;
  /** how long a new or changed policy takes to come into force, in milliseconds */
  readonly propagationDelay?: number;
  /** see `Sandbox.callDuration` */
  readonly callDuration?: (operation: string) => number;
  /**
   * what Lambda functions run in; by default, this sandbox starts its own. Who shares them closes them
   */
  readonly processes?: VacantProcesses;
}

/**
 * A stand-in for AWS on this machine: deploys cloud assemblies, runs their Lambda functions and state
 * machines, and keeps their file systems and backups, all in virtual time. See README.md for what is served
 * and what is not.
 */
export class Sandbox {
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    return new Sandbox(options).open();
  }

  /**
   * Virtual milliseconds that a call of an API takes until the service acts on it and answers; operations are
   * named as in the journal. May be changed between calls.
   */
  callDuration: (operation: string) => number;
  readonly clock = new VirtualClock();
  readonly journal = new Journal(this.clock);
  readonly faults = new FaultPlan();
  readonly policies: PolicyStore;
  readonly lambda: LambdaRuntime;
  readonly stepFunctions: StepFunctions;
  readonly fsx: FsxService;
  readonly people: People;
  canary!: Canary;
  readonly codePipeline: CodePipeline;
  readonly cloudFormation: CloudFormation;
  private readonly place: Place;
  private readonly endpoints: Array<{ close(): Promise<void> }> = [];

  protected constructor({
    accountId = '123456789012',
    region = 'us-east-1',
    partition = 'aws',
    fsx,
    cloudFormation,
    propagationDelay,
    callDuration = () => 0,
    processes,
  }: SandboxOptions) {
    this.callDuration = callDuration;
    const { clock, journal, faults } = this;
    const place = { accountId, region, partition };
    this.place = place;
    this.policies = new PolicyStore({ clock, propagationDelay });
    const authorizer = this.policies;
    this.lambda = new LambdaRuntime({ clock, journal, faults, authorizer }, processes);
    this.stepFunctions = new StepFunctions({ clock, journal, authorizer, lambda: this.lambda });
    this.fsx = new FsxService({ clock, authorizer, options: fsx, ...place });
    this.people = new People({ fsx: this.fsx, journal });
    const { lambda, stepFunctions } = this;
    this.codePipeline = new CodePipeline({
      clock,
      journal,
      authorizer,
      lambda,
      stepFunctions,
      cloudFormation: () => this.cloudFormation,
      ...place,
    });
    this.cloudFormation = new CloudFormation({
      clock,
      journal,
      faults,
      authorizer,
      lambda,
      stepFunctions,
      codePipeline: this.codePipeline,
      fsx: this.fsx,
      policies: this.policies,
      options: cloudFormation,
      ...place,
    });
    this.cloudFormation.onHang = () => this.lambda.requestHangs();
  }

  /** Deploy the stacks of a cloud assembly (`cdk.out`), and let time pass until that is done. */
  deploy(directory: string, options: AssemblyOptions = {}): Promise<Record<string, StackOutcome>> {
    return this.clock.run(this.cloudFormation.deployAssembly(directory, options));
  }

  /** Delete a stack, and let time pass until that is done. */
  destroy(stackName: string, options: Parameters<CloudFormation['destroy']>[1] = {}): Promise<StackOutcome> {
    return this.clock.run(this.cloudFormation.destroy(stackName, options));
  }

  async close(): Promise<void> {
    await this.lambda.close();
    await Promise.all([this.canary, ...this.endpoints].map((endpoint) => endpoint.close()));
    await this.cloudFormation.close();
  }

  protected async open(): Promise<this> {
    await putBootstrapRole(this.policies, this.place);
    await this.listen();
    return this;
  }

  private async listen(): Promise<void> {
    const { journal, faults, lambda } = this;
    const start = async (variable: string, api: AwsApi) => {
      const endpoint = await listen(api, {
        journal,
        faults,
        principalOf: (key) => lambda.principalOf(key),
        afterCall: (operation, key) => lambda.crashIfDue(operation, key),
        onHang: (key, port) => lambda.requestHangs(key, port),
        callDuration: (operation) => this.callDuration(operation),
        afterWaiting: (key, port, ms) => lambda.requestTakes(key, port, ms),
      });
      this.endpoints.push(endpoint);
      lambda.environment[variable] = endpoint.url;
    };
    // A handler that checks where its response goes to takes this host for CloudFormation's.
    lambda.environment.CDK_FSX_BACKUP_RESPONSE_HOST = await this.cloudFormation.responseHost();
    this.canary = await Canary.start(journal);
    await start('AWS_ENDPOINT_URL_FSX', this.fsx.api);
    await start('AWS_ENDPOINT_URL_SFN', this.stepFunctions.api);
    await start('AWS_ENDPOINT_URL_CLOUDFORMATION', this.cloudFormation.api);
    await start('AWS_ENDPOINT_URL_CODEPIPELINE', this.codePipeline.api);
  }
}
