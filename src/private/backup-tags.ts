import { Aspects, ITaggable, TagManager, Tags, TagType } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { outermost } from './nesting';
import { nameTag } from './tag-checks';

/** Any other tag of the same key wins, and so does its removal. */
const LEAST_PRIORITY = 0;

/**
 * The tags of a backup: its name, and those of the stack. CloudFormation gives the latter to resources of AWS
 * only, and a backup is none of its resources.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html
 */
export function tagsOf(backup: Construct & ITaggable, resourceType: string, name?: string): TagManager {
  const tags = new TagManager(TagType.KEY_VALUE, resourceType);
  Tags.of(backup).add('Name', nameTag(backup, name));
  const visit = (construct: unknown) => {
    if (construct !== backup) return;
    for (const [key, value] of Object.entries(outermost(backup).tags.tagValues())) {
      tags.setTag(key, value, LEAST_PRIORITY);
    }
  };
  Aspects.of(backup).add({ visit });
  return tags;
}
