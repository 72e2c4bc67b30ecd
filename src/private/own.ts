import { IConstruct } from 'constructs';

const OWN = Symbol.for('cdk-fsx-backup.own');

/** Say that a construct, with all that is in it, is the library's. */
export function markAsOwn(construct: IConstruct): void {
  Object.defineProperty(construct, OWN, { value: true });
}

/** Whether the construct is part of the library, and nothing that a user deploys for its own sake. */
export function isOwn(construct: IConstruct): boolean {
  return construct.node.scopes.some((scope) => OWN in scope);
}
