import * as cdk from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';

/** That of aws-cdk-lib since 2.196; before, there are no injectors. */
interface Injectors {
  hasPropertyInjectors(scope: IConstruct): boolean;
  of(scope: IConstruct): { for(uniqueId: string): Injector | undefined };
}

interface Injector {
  inject(props: any, context: { readonly scope: Construct; readonly id: string }): any;
}

/**
 * The properties of a construct, after the nearest injector for its class has given its defaults.
 *
 * https://docs.aws.amazon.com/cdk/v2/guide/blueprints.html
 *
 * @param uniqueId the PROPERTY_INJECTION_ID of the class
 * @throws if the injector gave a property by its name in Python
 */
export function injected<P>(uniqueId: string, construct: IConstruct, props: P): P {
  const { PropertyInjectors: injectors } = cdk as { readonly PropertyInjectors?: Injectors };
  const { scope, id, scopes } = construct.node;
  for (const each of [...scopes].reverse()) {
    const injector = injectors?.hasPropertyInjectors(each) && injectors.of(each).for(uniqueId);
    if (!injector) continue;
    const given = injector.inject(props, { scope: scope as Construct, id });
    checkNames(uniqueId, construct, given);
    return given;
  }
  return props;
}

/** jsii hands over the dict of an injector in Python as it is, so a default would have no effect. */
function checkNames(uniqueId: string, { node: { path } }: IConstruct, given: unknown): void {
  const wrong = Object.keys(Object(given)).find((name) => name.includes('_'));
  if (wrong === undefined) return;
  const right = wrong.replace(/_+([a-z])/g, (_, letter: string) => letter.toUpperCase());
  throw new Error(
    `the property injector of ${uniqueId} gave "${path}" a property ${wrong}: return it as ${right}, ` +
      'also in Python',
  );
}
