import { CfnResource, CfnWaitCondition, Fn, Intrinsic, IResolveContext, Stack, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * A value of a resource that is there when a wait condition is met: whoever uses it waits for both.
 *
 * Another stack is deployed after this one as a whole, and must not name the wait condition: its logical id
 * changes, and an export that is in use cannot.
 */
export class Awaited extends Intrinsic {
  constructor(
    private readonly plain: string,
    public readonly target: CfnResource,
    private readonly condition: CfnWaitCondition,
  ) {
    super(plain);
  }

  public resolve(context: IResolveContext): any {
    if (outermost(context.scope) !== outermost(this.condition)) return this.plain;
    return Fn.select(0, [this.plain, Token.asString(this.condition.attrData)]);
  }
}

/** The stack that is deployed by itself: the nested ones come and go with it. */
export function outermost(construct: IConstruct): Stack {
  let stack = Stack.of(construct);
  while (stack.nestedStackParent) stack = stack.nestedStackParent;
  return stack;
}
