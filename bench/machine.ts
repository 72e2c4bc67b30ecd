import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { root } from './paths';

/** What it ran on. No names of hosts: they tell nothing. */
export function machine(nodes: Record<string, string>): string[][] {
  const versionOf = (name: string) =>
    JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version as string;
  const [cpu] = cpus();
  return [
    ['processor', `${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${arch()}`],
    ['memory', `${Math.round(totalmem() / 1024 ** 3)} GiB`],
    ['system', `${distribution()} (${type()} ${release()})`],
    ['load at the beginning', `${loadavg()[0].toFixed(1)} processes want to run`],
    [
      'Node.js',
      Object.values(nodes)
        .map((node) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim())
        .join(' and '),
    ],
    ['aws-cdk-lib', `${versionOf('aws-cdk-lib-latest')}; where it says so, ${versionOf('aws-cdk-lib')}`],
    ['AWS SDK', versionOf('@aws-sdk/client-fsx')],
    ['cdk-fsx-backup', `commit ${commit()}`],
  ];
}

function distribution(): string {
  const file = '/etc/os-release';
  return (
    (existsSync(file) && /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync(file, 'utf8'))?.[1]) ||
    'unknown distribution'
  );
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}
