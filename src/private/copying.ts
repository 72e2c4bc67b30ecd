import { type Home, isBefore } from './home';
import { givenFor } from './nested-values';
import type { RenderedTemplate } from './rendered-template';
import { isHidden } from './secrets';
import { functionIn, functionOf, type Use, usesIn, usesOf } from './template-functions';

/* What a backup may copy from resources of its own template into its properties. */

/** Functions that only combine values: what is in them is copied. */
const COMBINING = ['Fn::Join', 'Fn::Base64', 'Fn::Sub'];

/** Functions that are copied as they are. */
const COPIED = [
  'Ref',
  'Fn::Cidr',
  'Fn::FindInMap',
  'Fn::GetAtt',
  'Fn::GetAZs',
  'Fn::GetStackOutput',
  'Fn::If',
  'Fn::ImportValue',
  'Fn::Length',
  'Fn::Select',
  'Fn::Split',
  'Fn::ToJsonString',
];

/** Whether a function may be copied, with all that is in it. */
export function mayCopy(home: Home, value: object): boolean {
  const [name] = functionIn(value) ?? [''];
  return COPIED.includes(name) && mayBeIn(home, value);
}

/** Whether a value may be in what is copied. */
function mayBeIn(home: Home, value: unknown): boolean {
  // Secrets are not supported in custom resources, and a template may have 60 dynamic references.
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
  if (typeof value === 'string') return !value.includes('{{resolve:');
  if (value === null || typeof value !== 'object') return true;
  const call = functionIn(value);
  if (!call) return Object.values(value).every((member) => mayBeIn(home, member));
  const [name, argument] = call;
  return (
    [...COPIED, ...COMBINING].includes(name) &&
    !home.template.hidden.has(JSON.stringify(value)) &&
    usesOf(call).every((use) => mayUse(home, use)) &&
    mayBeIn(home, argument)
  );
}

/** Whether the backup may refer to something. */
export function mayUse(home: Home, use: Use): boolean {
  const { template } = home;
  const { name, attribute } = use;
  if (isConstant(use)) return true;
  const isThere = name in template.Parameters || name in template.Resources;
  return (
    isThere && attribute !== '' && !template.own.has(name) && isBefore(home, name) && !isSecret(template, use)
  );
}

function isSecret(template: RenderedTemplate, use: Use): boolean {
  const { name, attribute } = use;
  if (template.hidden.has(JSON.stringify(functionOf(use))) || template.Parameters[name]?.NoEcho) return true;
  const given = givenFor(template, use);
  if (given) return usesIn(given.value).some((inner) => isSecret(given.template, inner));
  return name in template.Resources && isHidden(template.Resources[name].Type, attribute);
}

/** A pseudo parameter is the same as long as its stack is there. */
export function isConstant({ name }: Use): boolean {
  return name.startsWith('AWS::') && name !== 'AWS::NotificationARNs';
}
