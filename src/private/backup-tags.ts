import { Aspects, IResolvable, ITaggable, Lazy, TagManager, Tags, TagType } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { outermost } from './nesting';
import { checkName, defaultName } from './tag-checks';

/** Any other tag of the same key wins, and so does its removal. */
const LEAST_PRIORITY = 0;

/**
 * The tags of a backup: its name, and those of the stack. CloudFormation gives the latter to resources of AWS
 * only, and a backup is none of its resources.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html
 */
export function tagsOf(
  backup: Construct & ITaggable,
  resourceType: string,
  given: string | undefined,
  values: () => readonly string[] = () => [],
): { tags: TagManager; nameHasTime: IResolvable } {
  const tags = new TagManager(TagType.KEY_VALUE, resourceType);
  // Triggers may be added later.
  const name =
    given === undefined ? Lazy.string({ produce: () => defaultName(backup, values()) }) : checkName(given);
  Tags.of(backup).add('Name', name);
  const visit = (construct: unknown) => {
    if (construct !== backup) return;
    for (const [key, value] of Object.entries(outermost(backup).tags.tagValues())) {
      tags.setTag(key, value, LEAST_PRIORITY);
    }
  };
  Aspects.of(backup).add({ visit });
  const isDefault = () => given === undefined && tags.tagValues().Name === name;
  return { tags, nameHasTime: Lazy.any({ produce: () => (isDefault() ? 'true' : undefined) }) };
}
