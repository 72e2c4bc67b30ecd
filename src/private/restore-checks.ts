import { Annotations, CfnElement, CfnParameter, CfnResource } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { constructsOf, oncePerPreparation } from './preparation';
import { usesIt } from './rendered-template';
import { isSource, renderedProperties, VOLUME } from './source-checks';

/*
 * What FSx cannot restore, as far as synthesis can know it.
 *
 * https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemFromBackup.html
 */

type Properties = Readonly<Record<string, any>>;

/** The file systems and volumes of an app that are restored. */
const restoredIn = oncePerPreparation((app: IConstruct) =>
  constructsOf(app)
    .filter(isSource)
    .filter((resource) => renderedProperties(resource).BackupId !== undefined),
);

/** Those among them that are restored from what a resource or parameter says. */
export function restoredFrom(given: CfnElement): CfnResource[] {
  return restoredIn(given.node.root).filter((resource) => usesIt(resource, 'BackupId', given));
}

/** What is wrong with the file systems and volumes that a parameter restores. */
export function problemsOfParameter(parameter: CfnParameter): string[] {
  const restored = restoredFrom(parameter);
  if (restored.length === 0) warnOfUnused(parameter);
  for (const resource of restored) warnOfName(resource, parameter);
  return restored.flatMap((resource) => [
    ...(resource.stack === parameter.stack ? [] : [whyNotElsewhere(resource, parameter)]),
    ...problemsOf(resource, 'SCRATCH_1'), // FSx's own default, if it is new
  ]);
}

/** And with those that the id of a backup in the code restores. */
export function problemsOfLiteral(scope: IConstruct, backupId: string): string[] {
  return restoredIn(scope.node.root)
    .filter((resource) => renderedProperties(resource).BackupId === backupId)
    .flatMap((resource) => problemsOf(resource));
}

/** And with those that are restored from a backup of the app, whose source the app defines. */
export function problemsOfBackup(last: CfnResource, source?: CfnResource): string[] {
  return restoredFrom(last).flatMap((resource) => [
    ...problemsOf(resource),
    ...(source ? differences(resource, source) : []),
  ]);
}

/** @param defaultType of a Lustre file system whose deployment type is not given */
function problemsOf(resource: CfnResource, defaultType?: string): string[] {
  const properties = renderedProperties(resource);
  const isVolume = resource.cfnResourceType === VOLUME;
  const why = isVolume ? whyNoVolume(properties) : whyNoFileSystem(properties, defaultType);
  return why === undefined ? [] : [`"${resource.node.path}" ${why}`];
}

function whyNoVolume({ VolumeType }: Properties): string | undefined {
  return VolumeType === 'OPENZFS'
    ? 'is an OpenZFS volume, and FSx restores the OpenZFS file system as a whole: give backupId to the ' +
        'file system'
    : undefined;
}

function whyNoFileSystem(
  { FileSystemType, LustreConfiguration = {} }: Properties,
  defaultType?: string,
): string | undefined {
  if (FileSystemType === 'ONTAP') {
    return (
      'is an ONTAP file system, and FSx restores its volumes, not the file system: give backupId to the ' +
      'CfnVolume'
    );
  }
  if (FileSystemType !== 'LUSTRE') return undefined;
  const { DeploymentType = defaultType } = LustreConfiguration;
  return /^SCRATCH/.test(DeploymentType)
    ? `is a Lustre file system of deployment type ${DeploymentType}, and FSx restores into the deployment ` +
        'type of the backup, which is never a scratch one: use PERSISTENT_1 or PERSISTENT_2'
    : undefined;
}

function whyNotElsewhere(resource: CfnResource, parameter: CfnParameter): string {
  return (
    `"${resource.node.path}" takes its backupId from the restore point "${parameter.node.path}" of another ` +
    'stack: define the restore point in the stack of the file system'
  );
}

/**
 * What must be as it was when the backup was taken. The storage capacity may be larger with OpenZFS.
 *
 * https://docs.aws.amazon.com/fsx/latest/LustreGuide/using-backups-fsx.html
 * https://docs.aws.amazon.com/fsx/latest/OpenZFSGuide/using-backups.html
 */
const SAME: Readonly<Record<string, readonly string[]>> = {
  WINDOWS: ['StorageCapacity'],
  LUSTRE: [
    'StorageCapacity',
    'StorageType',
    'LustreConfiguration.DeploymentType',
    'LustreConfiguration.PerUnitStorageThroughput',
    'LustreConfiguration.DataCompressionType',
  ],
  OPENZFS: ['StorageCapacity', 'StorageType'],
};

function differences(resource: CfnResource, source: CfnResource): string[] {
  const [properties, of] = [resource, source].map(renderedProperties);
  const isMore = (name: string, value: any, before: any) =>
    name === 'StorageCapacity' && of.FileSystemType === 'OPENZFS' && Number(value) > Number(before);
  return ['FileSystemType', ...(SAME[of.FileSystemType] ?? [])].flatMap((path) => {
    const name = path.split('.').at(-1)!;
    const [value, before] = [properties, of].map((each) => valueAt(each, path));
    if (!isUnequal(value, before) || isMore(name, value, before)) return [];
    return [
      `"${resource.node.path}" is restored from a backup of "${source.node.path}", and its ${name} is ` +
        `${value} instead of ${before}: FSx refuses that`,
    ];
  });
}

function valueAt(properties: Properties, path: string): any {
  return path.split('.').reduce<any>((value, name) => value?.[name], properties);
}

/** Known, both of them, and not the same. */
function isUnequal(one: unknown, other: unknown): boolean {
  const areKnown = [one, other].every((value) => ['string', 'number'].includes(typeof value));
  return areKnown && String(one) !== String(other);
}

function warnOfUnused(parameter: CfnParameter): void {
  Annotations.of(parameter).addWarningV2(
    'cdk-fsx-backup:restorePointUnused',
    'no file system or volume takes its backupId from this restore point, so the parameter does nothing: ' +
      'give it to a CfnFileSystem or CfnVolume as backupId, or to an L2 by addPropertyOverride',
  );
}

/** An ONTAP volume that is restored has to stand beside the one that it replaces. */
function warnOfName(volume: CfnResource, parameter: CfnParameter): void {
  if (volume.cfnResourceType !== VOLUME) return;
  const { OntapConfiguration: { JunctionPath } = {} as Properties } = renderedProperties(volume);
  const same = [
    ...(usesIt(volume, 'Name', parameter) ? [] : ['name']),
    ...(JunctionPath === undefined || usesIt(volume, 'OntapConfiguration', parameter)
      ? []
      : ['junctionPath']),
  ];
  if (same.length === 0) return;
  Annotations.of(volume).addWarningV2(
    'cdk-fsx-backup:restoreKeepsName',
    `it keeps its ${same.join(' and ')} when it is restored: CloudFormation creates the restored volume ` +
      'before it deletes this one, and FSx refuses a second volume with the same name or junction path in ' +
      'a storage virtual machine. Use nameOf of the restore point',
  );
}
