import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * What jsii says of the API. A subset of its format,
 * https://github.com/aws/jsii/blob/main/packages/%40jsii/spec/src/assembly.ts
 */

export const ROOT = join(__dirname, '../..');

export interface Docs {
  summary?: string;
  remarks?: string;
  default?: string;
  custom?: Record<string, string>;
}
export interface TypeReference {
  fqn?: string;
  primitive?: string;
  collection?: { kind: string; elementtype: TypeReference };
  union?: unknown;
  intersection?: unknown;
}
export interface Value {
  name: string;
  type: TypeReference;
  optional?: boolean;
  docs?: Docs;
}
export interface Member {
  name: string;
  docs?: Docs;
  static?: boolean;
  immutable?: boolean;
  overrides?: string;
  locationInModule?: { filename: string; line: number };
}
export interface Property extends Member {
  type: TypeReference;
  optional?: boolean;
}
export interface Method extends Member {
  parameters?: Value[];
  returns?: { type: TypeReference; optional?: boolean };
  variadic?: boolean;
}
export interface Type {
  fqn: string;
  name: string;
  kind: 'class' | 'interface' | 'enum';
  datatype?: boolean;
  docs?: Docs;
  base?: string;
  interfaces?: string[];
  initializer?: Method;
  properties?: Property[];
  methods?: Method[];
  members?: Member[];
}
export interface Assembly {
  name: string;
  version: string;
  license: string;
  readme?: { markdown: string };
  repository: { url: string };
  keywords?: string[];
  dependencyClosure?: Record<string, unknown>;
  targets: Record<string, any>;
  types: Record<string, Type>;
}

export const assembly: Assembly = JSON.parse(readFileSync(join(ROOT, '.jsii'), 'utf8'));
export const types = Object.values(assembly.types);
