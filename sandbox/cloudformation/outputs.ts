import { ResourceFailure } from './resources/provider';
import type { Engine, Output, Stack } from './stack';
import { isCustom, type Plan, type ResourceLookup } from './template';

/** What `Ref` and `Fn::GetAtt` find in a stack. */
export function lookup(stack: Stack): ResourceLookup {
  return {
    ref: (logicalId) => stack.resources.get(logicalId)!.physicalId,
    getAtt: (logicalId, attribute) => {
      const { type, attributes } = stack.resources.get(logicalId)!;
      const value = attributes[attribute];
      if (value === undefined && isCustom(type)) {
        throw new ResourceFailure(
          `CustomResource attribute error: Vendor response doesn't contain ${attribute} key in object ` +
            `${stack.id}|${logicalId}`,
        );
      }
      if (value === undefined) {
        throw new ResourceFailure(`Attribute ${attribute} of ${logicalId} (${type}) does not exist`);
      }
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    },
  };
}

export function outputsOf(plan: Plan, resources: ResourceLookup): Record<string, Output> {
  return Object.fromEntries(
    Object.entries(plan.outputs).map(([name, { value, exportName, description }]) => [
      name,
      {
        value: String(plan.resolve(value, resources)),
        ...(exportName !== undefined && { exportName: String(plan.resolve(exportName, resources)) }),
        ...(description !== undefined && { description }),
      },
    ]),
  );
}

/** An export that other stacks import may neither change nor go. */
export function assertExports(
  engine: Engine,
  before: Record<string, Output>,
  after: Record<string, Output>,
): void {
  const values = new Map(Object.values(after).map(({ exportName, value }) => [exportName, value]));
  for (const { exportName, value } of Object.values(before)) {
    if (exportName === undefined || values.get(exportName) === value) continue;
    const importers = engine.importersOf(exportName);
    const verb = values.has(exportName) ? 'updated' : 'deleted';
    if (importers.length > 0) {
      throw new ResourceFailure(
        `Export ${exportName} cannot be ${verb} as it is in use by ${importers.join(', ')}`,
      );
    }
  }
}
