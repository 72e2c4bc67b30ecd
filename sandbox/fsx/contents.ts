import type { DataStore, FileSystem } from './description';

/** What data can be on: file systems of Windows, Lustre and OpenZFS, and volumes of ONTAP. */
export function dataStoreOf(
  id: string,
  { fileSystems, volumes }: { fileSystems: Map<string, FileSystem>; volumes: Map<string, DataStore> },
): DataStore | undefined {
  const fileSystem = fileSystems.get(id);
  if (fileSystem) return fileSystem.type === 'ONTAP' ? undefined : fileSystem;
  const volume = volumes.get(id);
  return volume?.description.VolumeType === 'ONTAP' ? volume : undefined;
}
