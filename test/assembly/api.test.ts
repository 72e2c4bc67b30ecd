import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type Assembly,
  assembly,
  type Docs,
  type Member,
  type Method,
  type Property,
  ROOT,
  type Type,
  type TypeReference,
  types,
} from './assembly';

/* What every part of the API keeps to, so that it reads well in five languages. */

const toolsOf = (name: string) => createRequire(require.resolve(`${name}/package.json`));
const { isReservedName }: { isReservedName(name: string): string[] | undefined } =
  toolsOf('jsii')('./lib/reserved-words.js');

interface Named<T> {
  where: string;
  type: Type;
  it: T;
}
const each = <T extends Member>(pick: (type: Type) => T[] | undefined): Named<T>[] =>
  types.flatMap((type) => (pick(type) ?? []).map((it) => ({ where: `${type.name}.${it.name}`, type, it })));

const properties = each<Property>((type) => type.properties);
const methods = each<Method>((type) => type.methods);
const constructors = each<Method>(
  (type) => type.initializer && [{ ...type.initializer, name: 'constructor' }],
);
const members = each<Member>((type) => type.members);
const callables = [...constructors, ...methods];
const props = properties.filter(({ type }) => type.datatype);
const where = (named: { where: string }[]) => named.map((it) => it.where);

/** Every type that is mentioned, and where. */
const mentioned: { where: string; name: string; type: TypeReference }[] = [
  ...properties.map(({ where: place, it }) => ({ where: place, name: it.name, type: it.type })),
  ...callables.flatMap(({ where: place, it }) => [
    ...(it.parameters ?? []).map((parameter) => ({
      where: `${place}(${parameter.name})`,
      name: parameter.name,
      type: parameter.type,
    })),
    ...(it.returns ? [{ where: `${place}()`, name: it.name, type: it.returns.type }] : []),
  ]),
];
const parts = (type: TypeReference): TypeReference[] => [
  type,
  ...(type.collection ? parts(type.collection.elementtype) : []),
];

test('the assembly is made of the sources as they are', () => {
  const made = statSync(join(ROOT, '.jsii')).mtimeMs;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(sources.length).toBeGreaterThan(10);
  // else: npx projen compile
  expect(sources.filter((file) => statSync(join(ROOT, 'src', file)).mtimeMs > made)).toEqual([]);
});

test('the API is all there', () => {
  expect(types.map((type) => type.name).sort()).toEqual([
    'BackupSource',
    'BackupTrigger',
    'FsxBackup',
    'FsxBackupAction',
    'FsxBackupActionProps',
    'FsxBackupBeforeChangeOptions',
    'FsxBackupFailureOptions',
    'FsxBackupOptions',
    'FsxBackupProps',
    'FsxBackupProvider',
    'FsxBackupProviderProps',
    'FsxBackupStep',
    'FsxBackupStepProps',
    'FsxFinalBackup',
    'FsxFinalBackupProps',
    'FsxPipelineBackupProps',
    'FsxProtection',
    'FsxProtectionOptions',
    'FsxProtectionRuleOptions',
    'IFsxBackup',
    'IFsxBackupProvider',
    'RestorePoint',
    'WhenMissing',
  ]);
});

describe('documentation', () => {
  const says = (docs?: Docs) => (docs?.summary ?? '').length >= 10;

  test('every type, property, method and enum member says what it is', () => {
    expect(types.filter((type) => !says(type.docs)).map((type) => type.name)).toEqual([]);
    expect(where([...properties, ...methods, ...members].filter(({ it }) => !says(it.docs)))).toEqual([]);
  });

  test('every parameter says what it takes, but for those that mean the same everywhere in the CDK', () => {
    const known = (name: string) => ['scope', 'id', 'props'].includes(name);
    const silent = methods
      .filter(({ it }) => !it.overrides)
      .flatMap(({ where: place, it }) =>
        (it.parameters ?? [])
          .filter((parameter) => !known(parameter.name) && !parameter.docs?.summary)
          .map((parameter) => `${place}(${parameter.name})`),
      );
    expect(silent).toEqual([]);
  });

  test('every optional property says what happens without it, and no other does', () => {
    expect(where(props.filter(({ it }) => Boolean(it.optional) !== Boolean(it.docs?.default)))).toEqual([]);
  });

  test('every method that throws says when', () => {
    const throws = ({ it }: Named<Method>) => {
      const { filename, line } = it.locationInModule!;
      const code = readFileSync(join(ROOT, filename), 'utf8')
        .split('\n')
        .slice(line - 1);
      return code.slice(0, code.indexOf('  }') + 1).some((text) => /throw new|\bcheck[A-Z]\w*\(/.test(text));
    };
    expect(where(methods.filter(throws)).length).toBeGreaterThan(2);
    expect(where(methods.filter((method) => throws(method) && !method.it.docs?.custom?.throws))).toEqual([]);
  });
});

describe('types', () => {
  test('none is a union, an intersection or anything at all', () => {
    const loose = (type: TypeReference) =>
      type.union !== undefined ||
      type.intersection !== undefined ||
      type.primitive === 'any' ||
      type.primitive === 'json';
    expect(where(mentioned.filter(({ type }) => parts(type).some(loose)))).toEqual([]);
  });

  test('numbers count things: time is a Duration', () => {
    expect(
      where(mentioned.filter(({ type }) => parts(type).some((part) => part.primitive === 'number'))).sort(),
    ).toEqual([
      'FsxBackupOptions.keepLast',
      'FsxPipelineBackupProps.keepLast',
      'FsxProtectionOptions.keepLast',
    ]);
    const timed = props.filter(({ it }) =>
      /time|delay|period|interval|duration|seconds|minutes|hours|days/i.test(it.name),
    );
    expect(timed.length).toBeGreaterThan(0);
    expect(where(timed.filter(({ it }) => it.type.fqn !== 'aws-cdk-lib.Duration'))).toEqual([]);
  });

  test('no L1 is in a signature', () => {
    expect(
      where(
        mentioned.filter(({ type }) => parts(type).some((part) => /\.Cfn[A-Z]/.test(part.fqn ?? ''))),
      ).sort(),
    ).toEqual([]);
  });

  test('structs are flat and cannot be changed, and are named as such', () => {
    const structs = types.filter((type) => type.datatype);
    expect(structs.filter((type) => !/(Props|Options)$/.test(type.name)).map((type) => type.name)).toEqual(
      [],
    );
    expect(where(props.filter(({ it }) => !it.immutable))).toEqual([]);
    expect(
      types
        .filter((type) => type.kind === 'interface' && !type.datatype && !/^I[A-Z]/.test(type.name))
        .map((type) => type.name),
    ).toEqual([]);
  });
});

// Go and C# write out what is inherited, with the types of the oldest aws-cdk-lib. In the latest there is no
// `ResourceEnvironment`, which each `Resource` mentions, where it was, and what extends one does not compile
// with it.
test('every type mentioned, in what is inherited too, is in the oldest and in the latest aws-cdk-lib', () => {
  const read = (folder: string): Assembly =>
    JSON.parse(gunzipSync(readFileSync(join(ROOT, 'node_modules', folder, '.jsii.gz'))).toString());
  const [oldest, latest] = [read('aws-cdk-lib'), read('aws-cdk-lib-latest')];
  const all: Record<string, Type> = { ...oldest.types, ...assembly.types };
  const withInherited = new Set<Type>();
  const add = (type: Type | undefined): void => {
    if (!type || withInherited.has(type)) return;
    withInherited.add(type);
    for (const fqn of [type.base ?? [], type.interfaces ?? []].flat()) add(all[fqn]);
  };
  types.forEach(add);
  const mentions = [...withInherited].flatMap((type) => [
    { fqn: type.fqn },
    ...(type.properties ?? []).flatMap((property) => parts(property.type)),
    ...[...(type.methods ?? []), ...(type.initializer ? [type.initializer] : [])]
      .flatMap((method) => [...(method.parameters ?? []), ...(method.returns ? [method.returns] : [])])
      .flatMap((value) => parts(value.type)),
  ]);
  const ofCdk = [...new Set(mentions.map(({ fqn = '' }) => fqn))].filter((fqn) =>
    fqn.startsWith('aws-cdk-lib.'),
  );
  // the second one only by inheritance
  expect(ofCdk).toEqual(expect.arrayContaining(['aws-cdk-lib.Duration', 'aws-cdk-lib.pipelines.FileSet']));
  expect(ofCdk.filter((fqn) => !oldest.types[fqn] || !latest.types[fqn])).toEqual([]);
});

describe('names', () => {
  const statics = methods.filter(({ it }) => it.static);

  test('static factories are named as AWS names them', () => {
    expect(where(statics.filter(({ it }) => !/^from[A-Z]/.test(it.name))).sort()).toEqual([
      'BackupSource.of',
      'BackupTrigger.everyDeployment',
      'BackupTrigger.onChangeOf',
      'BackupTrigger.onValue',
      'FsxBackup.beforeChangeOf',
      'FsxBackupProvider.defaultFor',
      'FsxProtection.of',
      'RestorePoint.literal',
      'RestorePoint.parameter',
    ]);
  });

  test('what refers to something that exists is `from` its id, name or ARN, in a scope', () => {
    const references = statics.filter(({ it }) => /\.I[A-Z]\w+$/.test(it.returns?.type.fqn ?? ''));
    expect(where(references).sort()).toEqual([
      'FsxBackup.fromBackupId',
      'FsxBackupProvider.fromStateMachineArn',
    ]);
    for (const { it } of references) {
      expect(it.name).toMatch(/^from\w+(Id|Arn|Name|Attributes)$/);
      const last = it.name.charAt(4).toLowerCase() + it.name.slice(5);
      expect(it.parameters?.map((parameter) => parameter.name)).toEqual(['scope', 'id', last]);
    }
  });

  test('no name is a reserved word of C#, Go, Java or Python', () => {
    // so it is asked the right way
    expect(isReservedName('import')).toEqual(expect.arrayContaining(['Go', 'Java', 'Python']));
    const names = [
      ...types.map((type) => type.name),
      ...[...properties, ...methods, ...members].map(({ it }) => it.name),
      ...callables.flatMap(({ it }) => (it.parameters ?? []).map((parameter) => parameter.name)),
    ];
    expect(names.filter((name) => isReservedName(name)?.length)).toEqual([]);
  });

  test('no argument is named as a property of the struct after it: Python lays both side by side', () => {
    const clashes = callables.flatMap(({ where: place, it }) => {
      const parameters = it.parameters ?? [];
      const struct = types.find(
        (type) => type.datatype && type.fqn === parameters[parameters.length - 1]?.type.fqn,
      );
      if (!struct) return [];
      const all = inherited(struct).map((member) => member.name);
      return parameters
        .slice(0, -1)
        .filter((parameter) => all.includes(parameter.name))
        .map((parameter) => `${place}(${parameter.name})`);
    });
    expect(clashes).toEqual([]);
  });

  test("no two members of a type, of its bases and of aws-cdk-lib's, become one in another language", () => {
    const clashes = types.flatMap((type) =>
      Object.entries(languages).flatMap(([language, rename]) => {
        const taken = new Map<string, string>();
        return inherited(type).flatMap(({ name, method, fixed }) =>
          rename(name, method, fixed).flatMap((renamed) => {
            const other = taken.get(renamed);
            taken.set(renamed, name);
            return other !== undefined && other !== name
              ? [`${type.name}: ${other} and ${name} in ${language}`]
              : [];
          }),
        );
      }),
    );
    expect(clashes).toEqual([]);
  });

  test('no member is named as its class in C#', () => {
    expect(
      where([...properties, ...methods].filter(({ type, it }) => pascal(it.name) === type.name)),
    ).toEqual([]);
  });

  test('no class is named as the constructor of another in Go', () => {
    const names = new Set(types.map((type) => type.name));
    expect(types.filter((type) => names.has(`New${type.name}`)).map((type) => type.name)).toEqual([]);
  });
});

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const snake = (name: string) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();

/** What a member is called in each language. */
const languages: Record<string, (name: string, method: boolean, fixed: boolean) => string[]> = {
  'Python': (name) => [snake(name)],
  'Java': (name, method, fixed) =>
    method ? [name] : [`get${pascal(name)}`, ...(fixed ? [] : [`set${pascal(name)}`])],
  'C#': (name) => [pascal(name)],
  'Go': (name, method, fixed) => [pascal(name), ...(method || fixed ? [] : [`Set${pascal(name)}`])],
};

/** The members of a type and of all that it inherits from, of whatever package. */
function inherited(type: Type): { name: string; method: boolean; fixed: boolean }[] {
  const found = typeSystem.findFqn(type.fqn);
  if (found.isEnumType()) return [];
  return [
    ...found.allProperties.map((property: any) => ({
      name: property.name,
      method: false,
      fixed: property.immutable,
    })),
    ...found.allMethods.map((method: any) => ({ name: method.name, method: true, fixed: true })),
  ];
}

let typeSystem: any;
beforeAll(async () => {
  const { TypeSystem } = toolsOf('jsii-diff')('jsii-reflect');
  typeSystem = new TypeSystem();
  await typeSystem.load(ROOT, { validate: false });
});
