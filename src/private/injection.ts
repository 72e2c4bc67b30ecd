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
 */
export function injected<P>(uniqueId: string, construct: IConstruct, props: P): P {
  const { PropertyInjectors: injectors } = cdk as { readonly PropertyInjectors?: Injectors };
  const { scope, id, scopes } = construct.node;
  for (const each of [...scopes].reverse()) {
    const injector = injectors?.hasPropertyInjectors(each) && injectors.of(each).for(uniqueId);
    if (injector) return injector.inject(props, { scope: scope as Construct, id });
  }
  return props;
}
