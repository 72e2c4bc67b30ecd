import type { Backup } from '@aws-sdk/client-fsx';
import type { Fsx } from './fsx';
import { marksOf, type Owner, type Removal } from './identity';
import type { Deployment } from './request';
import { tagChanges, tagsAt, timeOfName } from './tags';
import { TAG } from '../src/private/contract';
import { MAX_TAGS } from '../src/private/rules';

/** Changes the tag `removal` in place, if it says otherwise. */
export async function retagRemoval(fsx: Fsx, owner: Owner, backup: Backup, removal: Removal): Promise<void> {
  if (marksOf(backup, owner).removal === removal) return;
  await fsx.tag(backup.ResourceARN!, [{ Key: TAG.removal, Value: removal }]);
}

/** Changes the tags in place: `removal` first, since it decides about the backup. Its name keeps its time. */
export async function retag(fsx: Fsx, request: Deployment, backup: Backup): Promise<void> {
  const { desired, former } = request;
  await retagRemoval(fsx, request, backup, desired.removal);
  const formerKeys = former?.tags.map(({ Key }) => Key) ?? [];
  const actual = backup.Tags ?? [];
  const { set, removed } = tagChanges(actual, tagsAt(desired, timeOfName(backup)), formerKeys);
  const isTight = actual.length + set.length > MAX_TAGS;
  if (isTight) await fsx.untag(backup.ResourceARN!, removed);
  await fsx.tag(backup.ResourceARN!, set); // else first: if it is refused, nothing has changed
  if (!isTight) await fsx.untag(backup.ResourceARN!, removed);
}
