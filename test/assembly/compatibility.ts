import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The version that users get, or undefined where there is none. A registry that does not answer is an error,
 * and not a package that is not there.
 */
export async function lastPublished(name: string, options: string[] = []): Promise<string | undefined> {
  try {
    const { stdout } = await run('npm', ['view', name, 'version', '--json', ...options]);
    const version = JSON.parse(stdout);
    if (typeof version === 'string') return version;
    throw new Error(`npm says of the version of ${name}: ${stdout}`);
  } catch (error: any) {
    if (/"code": *"E404"/.test(error.stdout ?? '')) return undefined;
    throw error;
  }
}

/**
 * What of `before` is not in `after` any more, or undefined: jsii-diff's words, and keys for `.compatignore`.
 */
export async function report(
  before: string,
  after: string,
  ignoreFile = '.compatignore',
): Promise<string | undefined> {
  // In the first versions everything is experimental. A change that breaks users is to be made knowingly
  // then, too.
  const args = [
    require.resolve('jsii-diff/bin/jsii-diff'),
    before,
    after,
    '--keys',
    '--error-on',
    'all',
    '--ignore-file',
    ignoreFile,
  ];
  try {
    const { stderr } = await run(process.execPath, args, { cwd: after });
    // it is content with a release that it cannot load
    if (/Skipping analysis/.test(stderr)) throw new Error(stderr);
    return undefined;
  } catch (error: any) {
    if (/API elements with incompatible changes/.test(error.stderr ?? '')) return error.stderr.trim();
    throw error;
  }
}
