import type { World } from '../world';
import { codePipelineTypes } from './code-pipeline';
import { fsxTypes } from './fsx';
import { iamTypes } from './iam';
import { inertTypes } from './inert';
import { lambdaTypes } from './lambda';
import { native, type NativeType, type ResourceProvider } from './provider';
import { stateMachineTypes } from './state-machine';
import { storedValueTypes } from './stored-values';
import { waitConditionProviders } from './wait-condition';

/** Every resource type that is served, but for custom resources. */
export function providersOf(world: World): Map<string, ResourceProvider> {
  const types: Record<string, NativeType> = {
    ...iamTypes(world),
    ...lambdaTypes(world),
    ...stateMachineTypes(world),
    ...codePipelineTypes(world),
    ...fsxTypes(world),
    ...storedValueTypes(world),
    ...inertTypes(world),
  };
  return new Map([
    ...Object.entries(types).map(([name, type]) => [name, native(world, type)] as const),
    ...Object.entries(waitConditionProviders(world)),
  ]);
}
