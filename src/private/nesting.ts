import { Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The first of a construct and the scopes around it, from the inside out, that is meant. */
export function nearest(
  construct: IConstruct,
  isMeant: (scope: IConstruct) => boolean,
): IConstruct | undefined {
  return [...construct.node.scopes].reverse().find(isMeant);
}

/** The stack of a construct, and the stacks in which that one is nested, from the inside out. */
export function stacksAround(construct: IConstruct): Stack[] {
  const stack = Stack.of(construct);
  return stack.nestedStackParent ? [stack, ...stacksAround(stack.nestedStackParent)] : [stack];
}

/** The stack that is deployed by itself: nested stacks are deployed with it. */
export function outermost(construct: IConstruct): Stack {
  return stacksAround(construct).pop()!;
}

/** Whether the construct defines something in a stack that is deployed separately from this one. */
export function isDeployedApart(construct: IConstruct, from: IConstruct): boolean {
  const own = nearest(construct, Stack.isStack);
  return [own, ...construct.node.findAll()].some(
    (each) => Stack.isStack(each) && outermost(each) !== outermost(from),
  );
}
