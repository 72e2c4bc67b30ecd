import { Annotations } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { nearest } from './nesting';

/*
 * What is found in an app, and can be acknowledged: a warning, or an error where a scope asks for errors.
 */

const asErrors = new WeakMap<IConstruct, boolean>();

/** What is found below this scope is to be an error, or a warning again. The nearest scope decides. */
export function reportAsErrors(scope: IConstruct, areErrors: boolean): void {
  asErrors.set(scope, areErrors);
}

export function report(construct: IConstruct, id: string, text: string): void {
  if (isAcknowledged(construct, id)) return;
  const annotations = Annotations.of(construct);
  const scope = nearest(construct, (each) => asErrors.has(each));
  if (scope && asErrors.get(scope)) annotations.addError(`${text} [ack: ${id}]`);
  else annotations.addWarningV2(id, text);
}

/**
 * CDK tells only by not adding a warning, and before 2.270 it asks the scopes around a construct alone: so a
 * child is asked.
 */
function isAcknowledged(construct: IConstruct, id: string): boolean {
  const child = new Construct(construct as Construct, 'cdk-fsx-backup.acknowledged');
  try {
    Annotations.of(child).addWarningV2(id, '');
    return child.node.metadata.length === 0;
  } finally {
    construct.node.tryRemoveChild(child.node.id);
  }
}
