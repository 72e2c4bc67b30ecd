import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { waitFor } from './fixtures/polls';

/*
 * What README.md and its pages in docs/ promise to cover. That links lead somewhere is the matter of
 * links.test.ts.
 */

const ROOT = join(__dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const README = read('README.md');

describe('docs/troubleshooting.md', () => {
  const page = read('docs/troubleshooting.md').replace(/\s+/g, ' ');
  const sources = ['lambda', 'src', 'src/pipelines', 'src/private'].flatMap((folder) => {
    return readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`);
  });

  test.each(sources.filter((file) => textsIn(file).length > 0))('has every text for people in %s', (file) => {
    expect(
      textsIn(file)
        .filter((text) => !NO_FAILURES.has(text))
        .map(beginning)
        .filter((text) => !page.includes(text)),
    ).toEqual([]);
  });

  test('has every error by its name', () => {
    const kinds = read('lambda/errors.ts');
    const sets = [...kinds.matchAll(/new Set\(\[([^\]]*)\]/g)].flatMap(([, names]) =>
      [...names.matchAll(/'(\w+)'/g)].map(([, name]) => name),
    );
    const texts = read('lambda/texts.ts');
    const remedies = [...texts.matchAll(/^  ([A-Z]\w+):$|^  ([A-Z]\w+): |name === '(\w+)'/gm)].map(
      ([, ...names]) => names.find(Boolean)!,
    );
    expect(sets.length).toBeGreaterThan(20);
    expect(sets).toContain('InternalServerError');
    expect(remedies).toEqual(
      expect.arrayContaining(['BadRequest', 'VolumeNotFound', 'ServiceLimitExceeded']),
    );
    expect([...sets, ...remedies].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  test('has no text that no source has any more', () => {
    const said = sources
      .map((file) => read(file).replace(/['"`] \+\s+['"`]|\s+/g, (found) => (found.trim() ? '' : ' ')))
      .join('\n')
      .replace(/\$\{[^}]*\}/g, '…');
    const firstCells = read('docs/troubleshooting.md')
      .split('\n')
      .filter((line) => /^\| [^-]/.test(line))
      .map((line) => line.split(' | ')[0])
      .filter((row) => !row.includes("(CloudFormation's)"));
    const texts = firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text));
    const parts = texts.flatMap((text) => text.split(/…|: /)).filter((part) => part.trim().length >= 8);
    expect(parts.length).toBeGreaterThan(150);
    expect(parts.filter((part) => !said.includes(part.trim()))).toEqual([]);
  });

  test('leaves out nothing that no source says any more', () => {
    const all = new Set(sources.flatMap(textsIn));
    expect([...NO_FAILURES].filter((text) => !all.has(text))).toEqual([]);
  });
});

describe('the quick start', () => {
  const blocks = new Map(
    [...README.matchAll(/^```(\S+)(?: nofixture)?\n([^]*?)^```$/gm)]
      .reverse()
      .map(([, language, code]) => [language, code]),
  );

  test('in TypeScript is the example', () => {
    expect(README).toContain(`\`\`\`ts nofixture\n${read('examples/typescript/quick-start/app.ts')}\`\`\``);
  });

  test.each([
    ['python', 'examples/python/quick-start/app.py'],
    ['java', 'examples/java/quick-start/src/main/java/com/example/QuickStart.java'],
    ['csharp', 'examples/csharp/quick-start/Program.cs'],
    ['go', 'examples/go/quick-start/main.go'],
  ])(
    'in %s is the example, which `npm run consumers` compares with the one in TypeScript',
    (language, file) => {
      expect(read(file).replace(/^package com.example;\n\n/, '')).toBe(blocks.get(language)!);
    },
  );
});

test('the versions that are needed are those of package.json', () => {
  const { peerDependencies, engines } = JSON.parse(read('package.json'));
  expect(README).toContain(`aws-cdk-lib ${peerDependencies['aws-cdk-lib'].slice(1)} or later`);
  expect(README).toContain(
    `Node.js ${parseInt(/\d+/.exec(engines.node)![0])} or later where the app is synthesized`,
  );
});

describe('the costs', () => {
  const price = (pattern: RegExp) => Number(pattern.exec(README)![1]);
  const transition = price(/\$([\d.]+) for 1,000 state transitions/) / 1000;
  const invocation = price(/\$([\d.]+) for a million invocations/) / 1_000_000;
  const gigabyteSecond = price(/\$([\d.]+) for a GB-second/);
  const library = (seconds: number) => {
    const { executions, polls, transitions } = waitFor(seconds);
    return transitions * transition + (polls + executions) * (invocation + 0.25 * 0.5 * gigabyteSecond);
  };

  test.each([
    ['10 minutes', 600],
    ['1 hour', 3600],
    ['12 hours', 43_200],
  ])('of %s', (shown, seconds) => {
    const { executions, polls, transitions } = waitFor(seconds);
    expect(transitions).toBe(3 * polls + executions);
    expect(README).toContain(
      `| ${shown} | ${executions} | ${polls} | ${transitions} | $${library(seconds).toFixed(4)} |`,
    );
  });

  test('of the example', () => {
    const gigabyte = price(/\$([\d.]+) for a GB of backup/);
    expect(README).toContain(
      `(1,000 + 4 × 20) × $${gigabyte} = **$${((1000 + 4 * 20) * gigabyte).toFixed(2)}**`,
    );
    expect(README).toContain(
      `52 / 12 × $${library(600).toFixed(4)} = **$${((52 / 12) * library(600)).toFixed(3)}**`,
    );
  });
});

describe('what is measured', () => {
  const page = read('docs/benchmarks.md');
  const row = (section: string, first: string) => {
    const rows = page
      .slice(page.indexOf(`## ${section}\n`))
      .split('\n')
      .filter((line) => line.startsWith(`| ${first} |`));
    return rows[0]
      .split('|')
      .slice(2)
      .map((cell) => cell.trim());
  };

  test('is what docs/benchmarks.md says', () => {
    const [own, framework] = ['cdk-fsx-backup', 'Provider framework'].map(
      (name) => row('Resources', name)[0],
    );
    const [, flagless, flagged] = /^(\d+) \((\d+)\)$/.exec(framework)!;
    expect(README).toContain(
      `the first backup adds ${own} resources where the framework adds ${flagless}, or ${flagged} with the`,
    );

    const [polls, others] = row('Polls and lag', '1 h').map((cell) => parseInt(cell));
    expect(README).toContain(
      `a backup of an hour takes ${polls} polls where it takes ${others}, and costs a third;`,
    );
    const [price, theirs] = row('Money', '1 h').map(parseFloat);
    expect(price / theirs).toBeCloseTo(1 / 3, 1);

    const [failed, theirFailed] = row('Many backups at once', '400').map((cell) => parseInt(cell));
    expect(README).toContain(`${failed} fail where ${theirFailed} of the framework's do`);
  });

  test('has a picture for each', () => {
    const pictures = [...page.matchAll(/!\[.*?\]\((.*?)\)/g)].map(([, file]) => file.split('/').at(-1)!);
    expect(pictures.sort()).toEqual(readdirSync(join(ROOT, 'docs/benchmarks')).sort());
  });
});

test('docs/organisations.md multiplies what the README says', () => {
  const page = read('docs/organisations.md');
  const [, each] = /\| 10 minutes \|.*\$([\d.]+) \|/.exec(README)!;
  const [, storage] = /× \$0\.05 = \*\*\$([\d.]+)\*\* a month/.exec(README)!;
  expect(page).toContain(`50 × $${each} = **$${(50 * Number(each)).toFixed(2)}**`);
  expect(page).toContain(`50 × $${storage} = **$${(50 * Number(storage)).toLocaleString('en-US')}** a month`);
});

test('the examples in docs/ are what a user can compile', () => {
  const fixture =
    read('rosetta/default.ts-fixture').replace("from 'cdk-fsx-backup'", "from '../src'") +
    "import { type IPropertyInjector, PropertyInjectors } from 'aws-cdk-lib-latest';";
  const snippets = readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      return [...read(`docs/${file}`).matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code], index) => ({
        file: join(__dirname, `${file}-${index + 1}.ts`),
        code,
      }));
    });
  expect(snippets.length).toBeGreaterThan(8);
  expect(
    problemsOf(new Map(snippets.map(({ file, code }) => [file, fixture.replace('/// here', () => code)]))),
  ).toEqual([]);
});

/** What is no failure, though it is text for people. */
const NO_FAILURES = new Set([
  'Takes Amazon FSx backups for CloudFormation (cdk-fsx-backup)',
  'Waits for Amazon FSx backups (cdk-fsx-backup)',
  'Role of the function that takes Amazon FSx backups (cdk-fsx-backup)',
  'Role of the state machines that wait for Amazon FSx backups (cdk-fsx-backup)',
  'a value of cdk-fsx-backup', // in a hash
  'backups that failed',
  'backups that somebody wanted, and that are not there',
  'Step Functions Execution Status Change',
  'file system (fs-0123456789abcdef0)',
  'wait for the status', // a decision
]);

/** The sentences in a source, with … for what is only known when it runs. Of the log, only errors are. */
function textsIn(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isCallExpression(node) && /\.(info|warn)$/.test(node.expression.getText())) return;
    const text = textOf(node);
    if (text === undefined) return ts.forEachChild(node, visit);
    if (/ \S+ /.test(fixed(text)) && fixed(text).length >= 15) texts.push(text);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
  return texts;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  if (ts.isTemplateExpression(node)) {
    return (
      node.head.text +
      node.templateSpans.map((span) => (textOf(span.expression) ?? '…') + span.literal.text).join('')
    );
  }
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : `${left ?? '…'}${right ?? '…'}`;
}

function fixed(text: string): string {
  return text.replace(/…/g, '');
}

/** As much of a text as people search for: what is wrong, without what to do. */
function beginning(text: string): string {
  const parts = text
    .trim()
    .replace(/…+/g, '…')
    .split(/(?<=[:.;]) /);
  const enough = parts.findIndex((_, index) => fixed(parts.slice(0, index + 1).join(' ')).length >= 15);
  return parts
    .slice(0, enough + 1)
    .join(' ')
    .replace(/^[…,; ]+|[:.;…]+$/g, '');
}

/** What the compiler says of files that exist only here. */
function problemsOf(files: Map<string, string>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, noEmit: true, noUnusedLocals: false, skipLibCheck: true },
    ROOT,
  );
  delete options.rootDir;
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.getSourceFile = (file, ...others) => {
    return files.has(file)
      ? ts.createSourceFile(file, files.get(file)!, ts.ScriptTarget.Latest)
      : getSourceFile(file, ...others);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = [...files.keys()]
    .map((file) => program.getSourceFile(file)!)
    .flatMap((file) => {
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    });
  return problems.map(
    ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  );
}
