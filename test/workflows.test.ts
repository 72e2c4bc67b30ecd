import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/*
 * What runs on GitHub: with which permissions, and on whose word. The files are generated; that nothing slips
 * in is tested.
 */

const ROOT = join(__dirname, '..');
// the one that wrote them
const { parse }: { parse(text: string): any } = createRequire(require.resolve('projen/package.json'))('yaml');

const read = (path: string) => parse(readFileSync(join(ROOT, path), 'utf8'));
const workflows = readdirSync(join(ROOT, '.github/workflows')).map((file) => ({
  file,
  ...read(`.github/workflows/${file}`),
}));
const jobs: { name: string; job: any }[] = workflows.flatMap(({ file, jobs: all }) =>
  Object.entries(all).map(([id, job]) => ({ name: `${file} ${id}`, job })),
);
const steps = jobs.flatMap(({ name, job }) => job.steps.map((step: any) => ({ name, step })));
const release = workflows.find(({ file }) => file === 'release.yml');

const naming = (pattern: RegExp) =>
  jobs.filter(({ job }) => pattern.test(JSON.stringify(job))).map(({ name }) => name);
const withPermission = (what: (permission: [string, unknown]) => boolean) =>
  jobs.filter(({ job }) => Object.entries(job.permissions ?? {}).some(what)).map(({ name }) => name);
const PUBLISHING = ['npm', 'maven', 'pypi', 'nuget', 'golang'].map((registry) => `release_${registry}`);

test('there is nothing else', () => {
  expect(workflows.map(({ file }) => file).sort()).toEqual([
    'build.yml',
    'pull-request-lint.yml',
    'release.yml',
    'upgrade-main.yml',
  ]);
});

test('every action is named by its commit', () => {
  const used = steps.filter(({ step }) => step.uses).map(({ step }) => step.uses);
  expect(used.length).toBeGreaterThan(30);
  expect(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
});

describe('permissions', () => {
  test('every job says what it may do, and no workflow gives more', () => {
    expect(jobs.filter(({ job }) => typeof job.permissions !== 'object').map(({ name }) => name)).toEqual([]);
    expect(workflows.filter(({ permissions }) => permissions !== undefined).map(({ file }) => file)).toEqual(
      [],
    );
  });

  test('one job writes to the repository: the one that adds a release to it', () => {
    expect(withPermission(([what, how]) => what !== 'id-token' && how !== 'read')).toEqual([
      'release.yml release_github',
    ]);
  });

  test('a job says who it is only to registries that ask', () => {
    expect(withPermission(([what]) => what === 'id-token').sort()).toEqual([
      'release.yml release_npm',
      'release.yml release_nuget',
      'release.yml release_pypi',
    ]);
  });

  test('no secret is where code of a pull request runs', () => {
    expect(naming(/secrets\./).sort()).toEqual([
      'pull-request-lint.yml validate',
      'release.yml release_github',
      'release.yml release_golang',
      'release.yml release_maven',
      'release.yml release_nuget',
      'upgrade-main.yml pr',
    ]);
    // with the rights of the target, so it must not see the source
    const lint = jobs.find(({ name }) => name === 'pull-request-lint.yml validate')!.job;
    expect(lint.steps.map((step: any) => step.uses.split('@')[0])).toEqual([
      'amannn/action-semantic-pull-request',
    ]);
  });

  test('no text of a pull request or an issue becomes part of a script', () => {
    const scripts = steps.map(({ step }) => step.run ?? '');
    expect(
      scripts.filter((script) => /\$\{\{\s*(github\.event|github\.head_ref|inputs)/.test(script)),
    ).toEqual([]);
  });

  test('packages come as the lock file says', () => {
    expect(
      steps.filter(({ step }) => /npm (install|i)\b/.test(step.run ?? '')).map(({ name }) => name),
    ).toEqual([]);
  });
});

describe('a release', () => {
  test('is started by hand, on main', () => {
    expect(Object.keys(release.on)).toEqual(['workflow_dispatch']);
    expect(release.on.workflow_dispatch.inputs.dry_run.type).toBe('boolean');
    expect(release.jobs.release.if).toBe("github.ref == 'refs/heads/main'");
  });

  test('is approved once: all that publish ask at the same time, and what comes after them does not', () => {
    expect(Object.keys(release.jobs).sort()).toEqual(['release', 'release_github', ...PUBLISHING].sort());
    for (const id of PUBLISHING) {
      expect(release.jobs[id]).toMatchObject({ environment: 'release', needs: 'release' });
    }
    expect(release.jobs.release.environment).toBeUndefined();
    expect(release.jobs.release_github.environment).toBeUndefined();
    expect([...release.jobs.release_github.needs].sort()).toEqual(['release', ...PUBLISHING].sort());
    expect(release.jobs.release_github.if).not.toMatch(/always|failure|cancelled/);
  });

  test('that is a dry run publishes nothing', () => {
    const last = (id: string) => release.jobs[id].steps.find((step: any) => step.name === 'Release');
    for (const id of PUBLISHING) expect(last(id).env.PUBLIB_DRYRUN).toBe('${{ inputs.dry_run }}');
    expect(last('release_github').if).toBe('${{ !inputs.dry_run }}');
  });

  test('needs no password where the registry trusts the workflow, and says where packages come from', () => {
    const env = (id: string) => release.jobs[id].steps.find((step: any) => step.name === 'Release').env;
    expect(env('release_npm')).toMatchObject({
      NPM_TRUSTED_PUBLISHER: 'true',
      NPM_CONFIG_PROVENANCE: 'true',
    });
    expect(env('release_pypi')).toMatchObject({ PYPI_TRUSTED_PUBLISHER: 'true' });
    expect(env('release_pypi').PYPI_DISABLE_ATTESTATIONS).toBeUndefined();
    expect(env('release_nuget')).toMatchObject({ NUGET_TRUSTED_PUBLISHER: 'true' });
    expect(naming(/NPM_TOKEN|TWINE_PASSWORD|NUGET_API_KEY|GO_GITHUB_TOKEN/)).toEqual([]);
  });

  test('is made with tools of an exact version', () => {
    const tools = steps.map(({ step }) => step.run ?? '').filter((script) => script.includes('publib'));
    expect(tools).toHaveLength(PUBLISHING.length);
    for (const script of tools) expect(script).toMatch(/publib@\d+\.\d+\.\d+'/);
    const { tasks } = read('.projen/tasks.json');
    expect(tasks.bump.env.BUMP_PACKAGE).toMatch(/^commit-and-tag-version@\d+\.\d+\.\d+$/);
  });

  test('keeps the API of the one before it', () => {
    const runs = release.jobs.release.steps.map((step: any) => step.run);
    expect(runs.indexOf('npx projen compat')).toBeGreaterThan(runs.indexOf('npx projen release'));
  });
});

test('upgrades take no version that came out in the last week', () => {
  const { upgrade } = read('.projen/tasks.json').tasks;
  expect(upgrade.env.NPM_CONFIG_BEFORE).toMatch(/Date\.now\(\)-604800000/); // a week
  expect(upgrade.steps[0].execArgs).toContain('--cooldown=7');
});

describe('issue forms', () => {
  const forms = readdirSync(join(ROOT, '.github/ISSUE_TEMPLATE'))
    .filter((file) => file !== 'config.yml')
    .map((file) => ({ file, ...read(`.github/ISSUE_TEMPLATE/${file}`) }));

  test('there is one for what is wrong and one for what is missing, and no empty one', () => {
    expect(forms.map(({ file }) => file).sort()).toEqual(['bug.yml', 'feature.yml']);
    expect(read('.github/ISSUE_TEMPLATE/config.yml')).toMatchObject({
      blank_issues_enabled: false,
      contact_links: [{ url: expect.stringMatching(/\/security\/advisories\/new$/) }],
    });
  });

  // https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
  test.each(forms)('GitHub can show $file', ({ name, description, body }) => {
    expect([name, description].every((text) => typeof text === 'string' && text.length > 0)).toBe(true);
    const ids = body.map((field: any) => field.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, type, attributes } of body) {
      expect(id).toMatch(/^[\w-]+$/);
      expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      expect(typeof attributes.label).toBe('string');
      const options = (attributes.options ?? []).map((option: any) => option.label ?? option);
      expect(new Set(options).size).toBe(options.length);
      expect(options.length > 0).toBe(['dropdown', 'checkboxes'].includes(type));
      expect(
        options.filter((option: unknown) => typeof option !== 'string' || option.toLowerCase() === 'none'),
      ).toEqual([]);
    }
  });

  test('a report of something wrong says with which versions', () => {
    const [{ body }] = forms.filter(({ file }) => file === 'bug.yml');
    const required = body.filter((field: any) => field.validations?.required).map((field: any) => field.id);
    expect(required).toEqual(expect.arrayContaining(['what', 'how', 'version', 'cdk', 'language']));
  });
});
