import { CfnResource, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { checkClass } from './copies';
import { constructsOf, oncePerPreparation } from './preparation';
import { whyNotFileSystem, whyNotVolume } from './rules';
import { functionIn } from './template-functions';
import type { BackupSource } from '../backup-source';

const FILE_SYSTEM = 'AWS::FSx::FileSystem';
export const VOLUME = 'AWS::FSx::Volume';
const SOURCES = [FILE_SYSTEM, VOLUME];

/** What a look-up of the context gives while its value is not known; CDK synthesizes again with the value. */
const DUMMY = /^dummy-value-for-/;

/** Whether a text cannot be judged yet. */
export function isUnknown(text: string): boolean {
  return Token.isUnresolved(text) || DUMMY.test(text);
}

/** A file system or volume of FSx, whether it can be backed up or not. */
export function isSource(construct: IConstruct): construct is CfnResource {
  return CfnResource.isCfnResource(construct) && SOURCES.includes(construct.cfnResourceType);
}

/** The reference to a resource of this app that this string is, if it is one. */
function referenceIn(id: string): Reference | undefined {
  const [token, ...others] = Tokenization.reverseString(id).tokens;
  return others.length === 0 && Reference.isReference(token) ? token : undefined;
}

/** The resource of this app whose reference this string is, if it is one. */
export function resourceBehind(id: string): CfnResource | undefined {
  const target = referenceIn(id)?.target;
  return CfnResource.isCfnResource(target) ? target : undefined;
}

/** The file systems and volumes at or below a construct, but for those that FSx backs up with another. */
export function definedSources(scope: IConstruct): CfnResource[] {
  const all = scope.node.findAll().filter(isSource);
  const types = new Set(all.map(({ cfnResourceType }) => cfnResourceType));
  const whole = all.filter((resource) => !isOtherHalf(resource));
  // FSx backs up an OpenZFS file system with its volumes, and the volumes of an ONTAP file system without it.
  return types.size > 1 && whole.length > 0 ? whole : all;
}

/** Whether FSx backs it up with another: an ONTAP file system, and an OpenZFS volume. */
export function isOtherHalf(resource: CfnResource): boolean {
  const { fileSystemType, volumeType } = resource as { fileSystemType?: string; volumeType?: string };
  return fileSystemType === 'ONTAP' || volumeType === 'OPENZFS';
}

/**
 * Refuse the reference to something that is neither a file system nor a volume. What gives its values only at
 * deployment passes: a custom resource, a nested stack, a parameter.
 *
 * @param method of BackupSource, for the text
 */
export function checkReference(method: string, id: string): void {
  const resource = resourceBehind(id);
  if (!resource || SOURCES.includes(resource.cfnResourceType)) return;
  const type = resource.cfnResourceType;
  const isRef = referenceIn(id)!.displayName === 'Ref' && type !== 'AWS::CloudFormation::CustomResource';
  if (!/^AWS::(FSx|EFS)::/.test(type) && !(isRef && type.startsWith('AWS::'))) return;
  throw new Error(
    `${method} got an attribute of "${resource.node.path}", an ${type}: FSx backs up file systems ` +
      `(${FILE_SYSTEM}) and ONTAP volumes (${VOLUME})`,
  );
}

/** A resource as it will be in the template, with all that was overridden. */
export function rendered(resource: CfnResource): Readonly<Record<string, any>> {
  const { Resources = {} } = resource.stack.resolve((resource as any)._toCloudFormation());
  return Object.values<any>(Resources)[0] ?? {};
}

export function renderedProperties(resource: CfnResource): Readonly<Record<string, any>> {
  return rendered(resource).Properties ?? {};
}

/** Why FSx cannot back up a resource of the app; undefined if it can, or only deployment can tell. */
export function whyNot(resource: CfnResource, isVolume: boolean): string | undefined {
  const { path } = resource.node;
  const isOfType = resource.cfnResourceType === (isVolume ? VOLUME : FILE_SYSTEM);
  if (!isOfType && SOURCES.includes(resource.cfnResourceType)) {
    return isVolume
      ? `"${path}" is a file system, not a volume: use BackupSource.of`
      : `"${path}" is a volume, not a file system: use BackupSource.of`;
  }
  const properties = renderedProperties(resource);
  const why = isVolume ? whyNotVolume(properties) : whyNotRendered(properties);
  return why && `"${path}" ${why}`;
}

function whyNotRendered({
  FileSystemType,
  LustreConfiguration: lustre = {},
  BackupId,
}: Record<string, any>): string | undefined {
  if (FileSystemType !== 'LUSTRE' || functionIn(lustre)) return whyNotFileSystem({ FileSystemType });
  const { DeploymentType = BackupId ? undefined : 'SCRATCH_1' } = lustre; // FSx's own default
  return whyNotFileSystem({ FileSystemType, ...lustre, DeploymentType });
}

/** @throws if the source of something is none */
export function checkSourceClass(what: string, source: unknown): void {
  const example = 'a BackupSource, such as BackupSource.of(fileSystem)';
  checkClass(`the source of ${what}`, source, 'BackupSource', example);
}

/**
 * FSx backs up in the account and Region of the source.
 *
 * @param what is defined in this place: a backup, or a provider
 * @throws if the source is of another account or Region, or no source at all
 */
export function checkPlace(what: string, place: IConstruct, source: BackupSource): void {
  checkSourceClass(`${what} "${place.node.path}"`, source);
  const { _resource: resource } = source;
  if (!resource) return;
  const [here, there] = [Stack.of(place), Stack.of(resource)];
  if (!differ(here.account, there.account) && !differ(here.region, there.region)) return;
  throw new Error(
    `${what} "${place.node.path}" is in ${here.account}/${here.region}, and its source ` +
      `"${resource.node.path}" in ${there.account}/${there.region}: FSx takes backups in the account and ` +
      `Region of the source, so define it in "${there.node.path}"`,
  );
}

export function differ(one: string, other: string): boolean {
  return !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
}

/** The data repository associations of the app that name this file system. */
export function dataRepositoriesOf(
  app: IConstruct,
  fileSystemId: string,
  fileSystem: CfnResource | undefined,
): CfnResource[] {
  return associationsIn(app).filter((association) => {
    const { fileSystemId: linked } = association as { fileSystemId?: string };
    if (linked === undefined) return false;
    return fileSystem ? resourceBehind(linked) === fileSystem : linked === fileSystemId;
  });
}

const associationsIn = oncePerPreparation((app: IConstruct) =>
  constructsOf(app)
    .filter(CfnResource.isCfnResource)
    .filter(({ cfnResourceType }) => cfnResourceType === 'AWS::FSx::DataRepositoryAssociation'),
);
