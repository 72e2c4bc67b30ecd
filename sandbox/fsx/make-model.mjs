// Derives model.json from botocore's description of Amazon FSx.
//   node sandbox/fsx/make-model.mjs <path of service-2.json or service-2.json.gz> <botocore version>
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const OPERATIONS = [
  'CreateBackup', 'DescribeBackups', 'DeleteBackup',
  'TagResource', 'UntagResource', 'ListTagsForResource',
  'DescribeFileSystems', 'DescribeVolumes',
];

const [path, version] = process.argv.slice(2);
if (!path || !version) throw new Error('usage: make-model.mjs <path of service-2.json[.gz]> <botocore version>');
const file = readFileSync(path);
const service = JSON.parse(path.endsWith('.gz') ? gunzipSync(file) : file);

const definitions = {};
for (const operation of OPERATIONS) {
  const { input, output } = service.operations[operation];
  define(input.shape);
  define(output.shape);
}

const comment = `Derived by make-model.mjs from botocore ${version}, botocore/data/fsx/2018-03-01/service-2.json `
  + '(https://github.com/boto/botocore, Apache License 2.0): inputs and outputs of '
  + `${OPERATIONS.join(', ')}, as JSON Schema, without the documentation.`;
const lines = Object.keys(definitions).sort().map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(definitions[name])}`);
writeFileSync(new URL('model.json', import.meta.url), `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "$comment": ${JSON.stringify(comment)},
  "definitions": {
${lines.join(',\n')}
  }
}
`);

function define(name) {
  if (name in definitions) return;
  definitions[name] = {}; // shapes may contain themselves
  definitions[name] = schemaOf(name, service.shapes[name]);
}

function reference(name) {
  define(name);
  return { $ref: `#/definitions/${name}` };
}

function schemaOf(name, shape) {
  const { min, max } = shape;
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members).map(([member, { shape: target }]) => [member, reference(target)]);
      return without({ type: 'object', properties: Object.fromEntries(members), required: shape.required, additionalProperties: false });
    }
    case 'list': return without({ type: 'array', items: reference(shape.member.shape), minItems: min, maxItems: max });
    case 'string': return without({ type: 'string', enum: shape.enum, pattern: patternOf(shape), minLength: min, maxLength: max });
    case 'integer':
    case 'long': return without({ type: 'integer', minimum: min, maximum: max });
    case 'boolean': return { type: 'boolean' };
    case 'timestamp': return { type: 'number' }; // AWS JSON 1.1: seconds since the epoch
    default: throw new Error(`${name} is a ${shape.type}, which this script does not know`);
  }
}

function without(schema) {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined && value.length !== 0));
}

/** AWS matches whole values, and escapes more than a regular expression with the `u` flag may. */
function patternOf({ pattern }) {
  if (pattern === undefined) return undefined;
  const anchored = /^\(?\^/.test(pattern) ? pattern : `^${pattern}`;
  const strict = anchored.replace(/\\(.)/g, (escape, character) => ('_:'.includes(character) ? character : escape));
  new RegExp(strict, 'u');
  return strict;
}
