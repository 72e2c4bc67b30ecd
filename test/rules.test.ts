import { whyNotFileSystem, whyNotVolume } from '../src/private/rules';

/* Whether FSx can back something up. Constructs and handler say it in the same words. */

test.each<[what: string, fileSystem: object, why: RegExp | undefined]>([
  ['described by its id alone', {}, undefined],
  ['of a type not yet invented', { FileSystemType: 'NEW' }, undefined],
  ['WINDOWS', { FileSystemType: 'WINDOWS' }, undefined],
  ['OPENZFS', { FileSystemType: 'OPENZFS', DeploymentType: 'SINGLE_AZ_1' }, undefined],
  ['ONTAP', { FileSystemType: 'ONTAP' }, /^is an ONTAP file system, .* fromVolumeId$/],
  ['LUSTRE', { FileSystemType: 'LUSTRE' }, undefined],
  ['SCRATCH_1', { FileSystemType: 'LUSTRE', DeploymentType: 'SCRATCH_1' }, /of deployment type SCRATCH_1, /],
  ['SCRATCH_2', { FileSystemType: 'LUSTRE', DeploymentType: 'SCRATCH_2' }, /of deployment type SCRATCH_2, /],
  ['PERSISTENT_2', { FileSystemType: 'LUSTRE', DeploymentType: 'PERSISTENT_2' }, undefined],
  ['linked for import', { ImportPath: 's3://data' }, /^is linked to a data repository by its ImportPath, /],
  ['linked for export', { ExportPath: 's3://data' }, /^is linked to a data repository by its ExportPath, /],
])('a file system that is %s', (_, fileSystem, why) => {
  if (why) expect(whyNotFileSystem(fileSystem)).toMatch(why);
  else expect(whyNotFileSystem(fileSystem)).toBeUndefined();
});

test.each<[what: string, volume: object, why: RegExp | undefined]>([
  ['described by its id alone', {}, undefined],
  ['of type RW', { VolumeType: 'ONTAP', OntapConfiguration: { OntapVolumeType: 'RW' } }, undefined],
  ['of type DP', { OntapConfiguration: { OntapVolumeType: 'DP' } }, /^is an ONTAP volume of type DP, /],
  ['of OpenZFS', { VolumeType: 'OPENZFS' }, /^is an OpenZFS volume, and FSx .* as a whole/],
])('a volume that is %s', (_, volume, why) => {
  if (why) expect(whyNotVolume(volume)).toMatch(why);
  else expect(whyNotVolume(volume)).toBeUndefined();
});
