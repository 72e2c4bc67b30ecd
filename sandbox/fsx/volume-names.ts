import { AwsError } from '../endpoint';
import type { Resource } from './description';

/**
 * "Volume names must be unique within an SVM" (ONTAP's REST API reference), and so must the places where
 * volumes are mounted. [?] FSx refuses the request; it could as well answer and let the creation fail.
 *
 * @param properties of a new volume, or of the volume `id`
 */
export function assertUniqueInSvm(
  { Name, VolumeType, OntapConfiguration }: any,
  volumes: Iterable<Resource>,
  id?: string,
): void {
  if (VolumeType !== 'ONTAP') return;
  const { StorageVirtualMachineId: svm, JunctionPath } = OntapConfiguration;
  const others = [...volumes].filter(
    (volume) => volume.id !== id && volume.description.OntapConfiguration?.StorageVirtualMachineId === svm,
  );
  const named = others.find(({ description }) => description.Name === Name);
  if (named) refuse(`${svm} has a volume with the Name ${Name} already: ${named.id}`);
  if (JunctionPath === undefined) return;
  const mounted = others.find(
    ({ description }) => description.OntapConfiguration.JunctionPath === JunctionPath,
  );
  if (mounted) refuse(`${svm} has a volume with the JunctionPath ${JunctionPath} already: ${mounted.id}`);
}

function refuse(message: string): never {
  throw new AwsError('BadRequest', `${message}.`);
}
