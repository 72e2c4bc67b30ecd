import { CfnCondition, CfnParameter, Fn, Stack, Token } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { type AppModel, SOURCES } from './model';
import type { Template } from '../../sandbox';

/** What a deployment needs beside the template, by the ids of the values. */
export type Values = Readonly<Record<string, string>>;

/** The stack that another stack's outputs come from. */
export const OTHER_STACK = 'Network';

/** The values of an app, each from where the model says: the text of what uses them may stay the same. */
export class Origins {
  private readonly texts: Record<string, string> = {};

  constructor(
    private readonly stack: Stack,
    private readonly origin: AppModel['origin'],
  ) {}

  /** The value, as a template has it. */
  public value(id: string, text: string): string {
    this.texts[id] = text;
    const { stack } = this;
    switch (this.origin) {
      case 'text':
        return text;
      case 'parameter':
        return new CfnParameter(stack, `${id}Value`).valueAsString;
      case 'stored':
        return new CfnParameter(stack, `${id}Value`, {
          type: 'AWS::SSM::Parameter::Value<String>',
          default: storedName(id),
        }).valueAsString;
      case 'resource':
        return new ssm.CfnParameter(stack, `${id}Value`, { type: 'String', value: text }).attrValue;
      case 'other stack':
        return Token.asString({ 'Fn::GetStackOutput': { StackName: OTHER_STACK, OutputName: id } });
      case 'condition':
        return this.underConditions(id);
    }
  }

  public get values(): Values {
    return this.texts;
  }

  /** One of four, by two conditions. */
  private underConditions(id: string): string {
    const given = new CfnParameter(this.stack, `${id}Value`).valueAsString;
    const is = (text: string) =>
      new CfnCondition(this.stack, `${id}Is${text}`, { expression: Fn.conditionEquals(given, text) });
    const name = (condition: CfnCondition) => condition.logicalId;
    return Fn.conditionIf(
      name(is('1')),
      '1',
      Fn.conditionIf(name(is('2')), '2', Fn.conditionIf(name(is('3')), '3', 'another').toString()).toString(),
    ).toString();
  }
}

/** What is given to the deployment. */
export function parametersFrom(origin: AppModel['origin'], values: Values): Record<string, string> {
  if (origin !== 'parameter' && origin !== 'condition') return {};
  return Object.fromEntries(Object.entries(values).map(([id, text]) => [`${id}Value`, text]));
}

/** The name of a parameter of Systems Manager. */
export function storedName(id: string): string {
  return `/properties/${id}`;
}

/** The template of the stack that gives the values to others: all, since a rollback may ask for any. */
export function otherStack(values: Values): Template {
  const names = ['Version', ...SOURCES.map((source) => `${source}Key`)];
  const parameter = (id: string) => ({
    Type: 'AWS::SSM::Parameter',
    Properties: { Type: 'String', Value: values[id] ?? '1' },
  });
  return {
    Resources: Object.fromEntries(names.map((id) => [`Of${id}`, parameter(id)])),
    Outputs: Object.fromEntries(names.map((id) => [id, { Value: { 'Fn::GetAtt': [`Of${id}`, 'Value'] } }])),
  };
}
