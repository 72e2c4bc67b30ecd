import { CfnResource, Reference, Token, Tokenization } from 'aws-cdk-lib';
import * as fsx from 'aws-cdk-lib/aws-fsx';
import { IConstruct } from 'constructs';

export const FILE_SYSTEM = 'AWS::FSx::FileSystem';
export const VOLUME = 'AWS::FSx::Volume';

/** The resource of this app whose reference this string is, if it is one. */
export function resourceBehind(id: string): CfnResource | undefined {
  const [token, ...others] = Tokenization.reverseString(id).tokens;
  if (others.length > 0 || !Reference.isReference(token)) return undefined;
  return CfnResource.isCfnResource(token.target) ? token.target : undefined;
}

/** Throws if the resource is not a file system that FSx can back up. What only deployment can tell passes. */
export function checkFileSystem(resource: CfnResource): void {
  const path = resource.node.path;
  if (resource.cfnResourceType === VOLUME) {
    throw new Error(
      `"${path}" is a volume: use BackupSource.fromCfnVolume if it is an ONTAP volume, and back up the ` +
        'file system if it is an OpenZFS volume',
    );
  }
  if (resource.cfnResourceType !== FILE_SYSTEM) return;
  const { fileSystemType, lustreConfiguration, backupId } = resource as fsx.CfnFileSystem;
  if (fileSystemType === 'ONTAP') {
    throw new Error(
      `"${path}" is an ONTAP file system, and FSx backs up its volumes, not the file system: use ` +
        'BackupSource.fromCfnVolume or fromVolumeId',
    );
  }
  if (fileSystemType !== 'LUSTRE' || Token.isUnresolved(lustreConfiguration)) return;
  // FSx's own default
  const byDefault = backupId ? 'as in the backup' : 'SCRATCH_1';
  checkLustre(path, (lustreConfiguration ?? {}) as fsx.CfnFileSystem.LustreConfigurationProperty, byDefault);
}

function checkLustre(
  path: string,
  { deploymentType: given, importPath, exportPath }: fsx.CfnFileSystem.LustreConfigurationProperty,
  byDefault: string,
): void {
  const deploymentType = given ?? byDefault;
  if (deploymentType.startsWith('SCRATCH')) {
    throw new Error(
      `"${path}" is a Lustre file system of deployment type ${deploymentType}, and FSx cannot back up ` +
        'scratch file systems: use PERSISTENT_1 or PERSISTENT_2',
    );
  }
  const link = importPath !== undefined ? 'importPath' : exportPath !== undefined ? 'exportPath' : undefined;
  if (link) {
    throw new Error(
      `"${path}" is linked to a data repository by its ${link}, and FSx cannot back up linked file ` +
        'systems: remove the link, or the backup (the repository holds the data)',
    );
  }
}

/** Throws if the resource is not a volume that FSx can back up. */
export function checkVolume(resource: CfnResource): void {
  const path = resource.node.path;
  if (resource.cfnResourceType === FILE_SYSTEM) {
    throw new Error(`"${path}" is a file system, not a volume: use BackupSource.fromCfnFileSystem`);
  }
  if (resource.cfnResourceType !== VOLUME) return;
  const { volumeType, ontapConfiguration } = resource as fsx.CfnVolume;
  if (volumeType === 'OPENZFS') {
    throw new Error(
      `"${path}" is an OpenZFS volume, and FSx backs up the OpenZFS file system as a whole: use ` +
        'BackupSource.fromCfnFileSystem',
    );
  }
  if (Token.isUnresolved(ontapConfiguration)) return;
  const ontap = ontapConfiguration as fsx.CfnVolume.OntapConfigurationProperty | undefined;
  if (ontap?.ontapVolumeType === 'DP') {
    throw new Error(
      `"${path}" is an ONTAP volume of type DP, and FSx backs up read-write volumes only: back up the ` +
        'source of its replication',
    );
  }
}

/** The data repository associations of the app that name this file system. */
export function dataRepositoriesOf(
  app: IConstruct,
  fileSystemId: string,
  fileSystem: CfnResource | undefined,
): CfnResource[] {
  return app.node.findAll().filter((construct): construct is CfnResource => {
    if (
      !CfnResource.isCfnResource(construct) ||
      construct.cfnResourceType !== 'AWS::FSx::DataRepositoryAssociation'
    ) {
      return false;
    }
    const linked = (construct as fsx.CfnDataRepositoryAssociation).fileSystemId;
    if (linked === undefined) return false;
    return fileSystem ? resourceBehind(linked) === fileSystem : linked === fileSystemId;
  });
}
