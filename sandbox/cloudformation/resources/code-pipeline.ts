import type { World } from '../world';
import { ResourceFailure, type NativeType, type ResourceRequest } from './provider';

/** Pipelines, handed to CodePipeline. */
export function codePipelineTypes(world: World): Record<string, NativeType> {
  const define = (name: string, version: number, { properties, logicalId }: ResourceRequest) => {
    if (!world.codePipeline) {
      throw new ResourceFailure(`${logicalId} is a pipeline, and this sandbox runs without CodePipeline`);
    }
    world.policies?.assertTrusts?.(properties.RoleArn, 'codepipeline.amazonaws.com');
    world.codePipeline.putPipeline(name, properties);
    return { Version: String(version) };
  };
  return {
    'AWS::CodePipeline::Pipeline': {
      attributes: ['Version'],
      replacedBy: ['Name'],
      create: (request) => {
        const name =
          request.properties.Name ?? world.identities.physicalId(request.stack.name, request.logicalId, 100);
        return { physicalId: name, attributes: define(name, 1, request) };
      },
      update: (request) => define(request.physicalId, Number(request.attributes.Version) + 1, request),
      delete: ({ physicalId }) => world.codePipeline?.deletePipeline(physicalId),
    },
  };
}
