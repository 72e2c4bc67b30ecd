import { Aspects, TagManager } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { outermost } from './nesting';

/** Any other tag of the same key wins, and so does its removal. */
const LEAST_PRIORITY = 0;

/**
 * Give a backup the tags of its stack. CloudFormation gives them to resources of AWS only, and a backup is
 * none of its resources.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html
 */
export function inheritStackTags(backup: IConstruct, tags: TagManager): void {
  const visit = (construct: IConstruct) => {
    if (construct !== backup) return;
    for (const [key, value] of Object.entries(outermost(backup).tags.tagValues())) {
      tags.setTag(key, value, LEAST_PRIORITY);
    }
  };
  Aspects.of(backup).add({ visit });
}
