import { Lazy } from 'aws-cdk-lib';
import { hashOf } from './resource-hash';

export type VariableName = 'BackupId' | 'BackupArn';

/** In braces from the start: CDK tells by them that it is a variable. */
export function variable(name: VariableName, namespaceOf: () => string | undefined): string {
  const produce = () => {
    const namespace = namespaceOf();
    if (namespace !== undefined) return namespace;
    throw new Error(`${name} of a backup is used, and its action or step was never added to a pipeline`);
  };
  return `#{${Lazy.string({ produce })}.${name}}`;
}

/** A namespace with the characters that CodePipeline allows, and at most as many. */
export function namespaceFor(...parts: string[]): string {
  const name = parts.join('_').replace(/[^A-Za-z0-9@_-]/g, '_');
  return name.length <= 100 ? name : `${hashOf(name, 8)}_${name.slice(-90)}`;
}
