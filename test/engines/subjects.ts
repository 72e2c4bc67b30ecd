import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import { App, CfnResource, NestedStack, Stack, Stage } from 'aws-cdk-lib';
// the same module here, with the types that the oldest has not
import { type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib-latest';
import { ModuleKind, transpileModule } from 'typescript';
import { defineEverything } from './stack-with-everything';
import * as library from '../../src';
import { defineFleet } from '../fixtures/fleet';

/*
 * What is judged: every example, and a stack with everything wherever a stack can be; with no feature flags,
 * and with all.
 */

const EXAMPLES = resolve(__dirname, '../../examples/typescript');
const ENV = { account: '123456789012', region: 'eu-west-1' };

type Define = (newApp: () => App) => void;

const PLACES: Record<string, Define[]> = {
  'the examples': readdirSync(EXAMPLES).map((folder) => (newApp) => runExample(folder, newApp)),
  'everything in an environment-agnostic stack': [(newApp) => defineEverything(new Stack(newApp(), 'Files'))],
  'everything in a stack with an environment': [
    (newApp) => defineEverything(new Stack(newApp(), 'Files', { env: ENV })),
  ],
  'everything in a nested stack': [
    (newApp) => defineEverything(new NestedStack(new Stack(newApp(), 'Outer'), 'Files')),
  ],
  'the fleet of an organisation': [
    (newApp) => {
      const app = newApp();
      defineFleet(app);
      library.FsxProtection.of(app).add();
    },
  ],
  'everything in a stage': [
    (newApp) => defineEverything(new Stack(new Stage(newApp(), 'Production', { env: ENV }), 'Files')),
  ],
};

/** As `cdk init` writes them into cdk.json. */
const RECOMMENDED: Record<string, unknown> = JSON.parse(
  readFileSync(require.resolve('aws-cdk-lib/recommended-feature-flags.json'), 'utf8'),
);

export interface Subject {
  place: string;
  flags: Record<string, unknown>;
  define: Define;
}

export const SUBJECTS: Subject[] = Object.entries(PLACES).flatMap(([place, all]) => {
  return all.flatMap((define) => [{}, RECOMMENDED].map((flags) => ({ place, flags, define })));
});

export interface Template {
  place: string;
  body: any;
}

export interface Synthesis {
  place: string;
  templates: Template[];
  /** of resources, by their paths: the path within the provider, or the stack, that they are in */
  names: Map<string, string>;
}

/** Plugins look at the app while it is synthesized. */
export function synthesize(
  { place, flags, define }: Subject,
  ...plugins: IPolicyValidationPlugin[]
): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-'));
  try {
    const context = { ...flags, 'aws:cdk:enable-path-metadata': true };
    const app = new App({ outdir, context, analyticsReporting: false });
    Validations.of(app).addPlugins(...plugins);
    define(() => app);
    app.synth();
    const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.template.json'),
    );
    const resources = app.node.findAll().filter((construct) => CfnResource.isCfnResource(construct));
    return {
      place,
      templates: files.map((file) => ({ place, body: JSON.parse(readFileSync(join(outdir, file), 'utf8')) })),
      names: new Map(resources.map((resource) => [resource.node.path, nameOf(resource)])),
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** In this process and in this App, because plugins want the constructs. */
function runExample(folder: string, newApp: () => App): void {
  const { context = {} } = JSON.parse(readFileSync(join(EXAMPLES, folder, 'cdk.json'), 'utf8'));
  const { outputText } = transpileModule(readFileSync(join(EXAMPLES, folder, 'app.ts'), 'utf8'), {
    compilerOptions: { module: ModuleKind.CommonJS },
  });
  const modules: Record<string, unknown> = {
    'aws-cdk-lib': Object.create(cdk, {
      App: {
        value: function () {
          const app = newApp();
          for (const [key, value] of Object.entries(context)) app.node.setContext(key, value);
          return app;
        },
      },
    }),
    'cdk-fsx-backup': library,
  };
  new Function('exports', 'require', outputText)(
    {},
    (name: string) => modules[name] ?? jest.requireActual(name),
  );
}

function nameOf({ node }: CfnResource): string {
  const around = node.scopes
    .filter((scope) => scope instanceof library.FsxBackupProvider || Stack.isStack(scope))
    .pop()!;
  const path = node.path.slice(around.node.path.length + 1).replace(/\/Resource$/, '');
  return around instanceof library.FsxBackupProvider
    ? `FsxBackupProvider/${path.replace(/^Source[0-9a-f]{8}$/, 'Source…')}`
    : path;
}
