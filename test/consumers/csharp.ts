import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/*
 * What of a compiler's work can be done without one: whether all that a C# program names exists. Nothing is
 * said of the types of arguments.
 */

interface CSharpType {
  namespace: string;
  bases: string[];
  members: Set<string>;
}
/** By full name. */
type Api = Map<string, CSharpType>;

const upper = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** The code that jsii-pacmak has generated. */
function generated(folder: string, api: Api): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.cs'),
  )) {
    const code = readFileSync(join(folder, file), 'utf8');
    const [, namespace] = /^namespace ([\w.]+)/m.exec(code) ?? [];
    const [, name, bases = ''] =
      /^ {4}public (?:abstract )?(?:class|interface|enum) (\w+)(?:: |\s:\s)?(.*)$/m.exec(code) ?? [];
    if (!namespace || !name) continue;
    const members = [...code.matchAll(/^ {8}public [^(\n]*?(\w+)(?:\(.*\))?$/gm)].map(([, member]) => member);
    api.set(`${namespace}.${name}`, {
      namespace,
      bases: bases.split(', ').filter(Boolean),
      members: new Set(members),
    });
  }
}

/** aws-cdk-lib, of which there is no C# here: named as jsii-pacmak would. */
function ofAssembly(folder: string, api: Api): void {
  const assembly = JSON.parse(gunzipSync(readFileSync(join(folder, '.jsii.gz'))).toString());
  const moduleOf = (fqn: string): string => fqn.slice(0, fqn.lastIndexOf('.'));
  const modules = { [assembly.name]: assembly, ...assembly.submodules };
  const namespaceOf = (fqn: string): string | undefined => modules[moduleOf(fqn)]?.targets?.dotnet?.namespace;
  const inCSharp = (fqn: string) => `${namespaceOf(fqn)}.${fqn.slice(moduleOf(fqn).length + 1)}`;
  for (const type of Object.values<any>(assembly.types)) {
    const namespace = namespaceOf(type.fqn);
    if (!namespace) continue; // nested in a class
    const members = [...(type.properties ?? []), ...(type.methods ?? [])].map(({ name }) => upper(name));
    if (type.kind === 'enum') members.push(...type.members.map(({ name }: { name: string }) => name));
    const bases = [type.base ?? [], type.interfaces ?? []].flat().map(inCSharp);
    api.set(`${namespace}.${type.name}`, { namespace, bases, members: new Set(members) });
  }
}

/** How many names there are; throws if one of them does not exist, or is ambiguous. */
export function checkNames(file: string, code: string, cdk: string): number {
  const api: Api = new Map();
  generated(code, api);
  ofAssembly(cdk, api);
  const namespaces = new Set([...api.values()].map(({ namespace }) => namespace));
  const problems: string[] = [];
  let names = 0;
  const check = (exists: unknown, what: string) => {
    names++;
    if (!exists) problems.push(what);
  };
  const has = (type: string, member: string): boolean => {
    const { members, bases } = api.get(type) ?? { members: new Set(), bases: [] };
    return members.has(member) || bases.some((base) => has(base, member));
  };

  const text = readFileSync(file, 'utf8')
    .replace(/\/\/.*$/gm, '')
    .replace(/"(\\.|[^"\\])*"/g, '""');
  const used = [...text.matchAll(/^using ([\w.]+);/gm)].map(([, namespace]) => namespace);
  for (const namespace of used) check(namespaces.has(namespace), `there is no namespace ${namespace}`);
  const [own] = /public static class (\w+)/.exec(text)!.slice(1);
  const find = (name: string): string => {
    const found = used.map((namespace) => `${namespace}.${name}`).filter((type) => api.has(type));
    check(
      found.length === 1,
      found.length > 1
        ? `${name} is ambiguous: ${found.join(', ')}`
        : `there is no type ${name} in ${used.join(', ')}`,
    );
    return found[0];
  };

  const tokens = [...text.slice(text.indexOf(own)).matchAll(/\w+|[^\s\w]/g)].map(([token]) => token);
  const variables = new Map<string, string>();
  // the type that an initializer is of; none where the block is code
  const blocks: (string | undefined)[] = [];
  let created: string | undefined;
  tokens.forEach((token, at) => {
    const [before, after] = [tokens[at - 1], tokens[at + 1]];
    if (token === '}') blocks.pop();
    if (token === '{') blocks.push(created);
    if (token === '{' || token === ';') created = undefined;
    if (before === 'new') {
      created = find(token);
      if (tokens[at - 2] === '=' && tokens[at - 4] === 'var') variables.set(tokens[at - 3], created);
    } else if (before === '.') {
      const owner = tokens[at - 2];
      const type =
        variables.get(owner) ?? (/^[A-Z]/.test(owner) && tokens[at - 3] !== '.' ? find(owner) : undefined);
      if (type) check(has(type, token), `${type} has no ${token}`);
    } else if (after === '=' && blocks.at(-1)) {
      check(has(blocks.at(-1)!, token), `${blocks.at(-1)} has no ${token}`);
    }
  });
  if (problems.length > 0) throw new Error(`${file} does not fit the packages:\n${problems.join('\n')}`);
  return names;
}
