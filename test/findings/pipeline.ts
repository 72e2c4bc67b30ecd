import { aws_codepipeline as codepipeline, aws_codepipeline_actions as actions, Stack } from 'aws-cdk-lib';
import { FsxBackupAction, FsxBackupActionProps } from '../../src';
import { sourceOf, synthesize, theOnly, World } from '../fixtures';

/** The logical ids of the two file systems. */
export const FIRST = 'First';
export const SECOND = 'Second';

type Variables = actions.CodeStarConnectionsSourceAction['variables'];

/**
 * A stack with a pipeline, whose stage `Backup` backs up one file system after the other.
 *
 * @param propsOf of both backups, with the variables of the source
 */
export function pipelineApp(
  propsOf: (source: Variables) => Partial<FsxBackupActionProps> = () => ({}),
  more: (stack: Stack) => void = () => {},
): string {
  return synthesize((stack) => {
    const source = new actions.CodeStarConnectionsSourceAction({
      actionName: 'Source',
      connectionArn: 'arn:aws:codestar-connections:us-east-1:123456789012:connection/wiki',
      owner: 'example',
      repo: 'wiki',
      output: new codepipeline.Artifact('Source'),
    });
    const backups = [FIRST, SECOND].map((id, at) => {
      return new FsxBackupAction({
        actionName: id,
        source: sourceOf(stack, 'LUSTRE', id),
        runOrder: at + 1,
        ...propsOf(source.variables),
      });
    });
    new codepipeline.Pipeline(stack, 'Pipeline', {
      crossAccountKeys: false,
      stages: [
        { stageName: 'Source', actions: [source] },
        { stageName: 'Backup', actions: backups },
      ],
    });
    more(stack);
  });
}

/** The name of the pipeline, and the properties of its resource. */
export function pipelineIn(world: World): { name: string; properties: any } {
  const { resources } = world.cloudFormation.stack('Files');
  const { physicalId, properties } = theOnly(
    Object.values(resources).filter(({ type }) => type === 'AWS::CodePipeline::Pipeline'),
  );
  return { name: physicalId!, properties };
}
