import type { VirtualClock } from '../clock';
import type { FaultPlan } from '../faults';
import type { Journal } from '../journal';
import type { Answers } from './answers';
import type { FailurePlan } from './failures';
import type { Identities } from './identities';
import type { CloudFormationOptions } from './options';
import type { LambdaFunction } from '../lambda/runtime';

/** The parts of the sandbox that resources are made in, as CloudFormation needs them. */
export interface Neighbours {
  clock: VirtualClock;
  journal: Journal;
  faults: FaultPlan;
  lambda: LambdaService;
  stepFunctions?: StateMachineService;
  codePipeline?: PipelineService;
  fsx?: FileSystemService;
  policies?: PolicyService;
  authorizer?: Authorizer;
}

export interface Place {
  accountId: string;
  region: string;
  partition: string;
}

export interface LambdaService {
  create(fn: LambdaFunction): void;
  remove(arn: string): void;
  has(arn: string): boolean;
  invokeAsync(arn: string, payload: unknown): void;
}

export interface StateMachineService {
  createStateMachine(machine: {
    arn: string;
    name: string;
    roleArn: string;
    definition: object;
    keyArn?: string;
  }): void;
  deleteStateMachine(arn: string): void;
}

export interface PipelineService {
  putPipeline(name: string, properties: any): void;
  deletePipeline(name: string): void;
}

type Created = Record<string, any>;

export interface FileSystemService {
  /** @param ms how long it is CREATING for FSx itself, in virtual time */
  createFileSystem(properties: any, ms?: number): Created;
  /** @param ms how long it is UPDATING */
  updateFileSystem(id: string, properties: any, ms?: number): Created;
  deleteFileSystem(id: string): void;
  /** @param ms how long it is CREATING */
  createVolume(properties: any, ms?: number): Created;
  updateVolume(id: string, properties: any): void;
  deleteVolume(id: string): void;
  createStorageVirtualMachine(properties: any): Created;
  updateStorageVirtualMachine(id: string, properties: any): void;
  deleteStorageVirtualMachine(id: string): void;
  createDataRepositoryAssociation(properties: any): Created;
  updateDataRepositoryAssociation(id: string, properties: any): void;
  deleteDataRepositoryAssociation(id: string): void;
}

export interface RolePolicies {
  trust: any;
  inline: Record<string, any>;
  managedPolicyArns: string[];
  permissionsBoundary?: any;
}

export interface PolicyService {
  putRole(arn: string, role: RolePolicies): void | Promise<void>;
  removeRole(arn: string): void;
  putPolicy(roleArn: string, name: string, document: any): void | Promise<void>;
  removePolicy(roleArn: string, name: string): void;
  putResourcePolicy?(arn: string, document: any): void;
  /** throws unless the service may assume the role */
  assertTrusts?(roleArn: string, service: string): void;
}

export interface Authorizer {
  authorize(request: {
    principal: string;
    action: string;
    resource: string;
    context?: Record<string, string | string[]>;
  }): Promise<void>;
}

export { DEFAULT_OPTIONS, type CloudFormationOptions } from './options';

/** Everything that the files of this folder share. */
export interface World extends Neighbours, Place {
  options: CloudFormationOptions;
  identities: Identities;
  answers: Answers;
  failures: FailurePlan;
  /** the parameter store */
  ssm: Map<string, string>;
}

/** `arn:<partition>:<service>:<region>:<account>:<rest>` */
export function arn(place: Place, service: string, rest: string, region = place.region): string {
  return `arn:${place.partition}:${service}:${region}:${place.accountId}:${rest}`;
}

export function urlSuffix(partition: string): string {
  return partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
}
