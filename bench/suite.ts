import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, type Section } from './goals';
import { time } from './page';
import { root } from './paths';

/** What a contributor waits for. One run of each, for illustration. */
export function measureSuite(): Section {
  return {
    title: 'Our own suite',
    goals: [atMost('`npm test`', 180, seconds('test'), time), atMost('`npm run demo`', 60, seconds('demo', join(tmpdir(), 'cdk-fsx-backup-demo.html')), time)],
    blocks: ['Wall-clock time of one run each, on this machine as it was.'],
  };
}

/** A run that fails has taken for ever. */
function seconds(task: string, ...more: string[]): number {
  const begun = Date.now();
  const { status } = spawnSync('npx', ['projen', task, ...more], { cwd: root, stdio: 'ignore' });
  return status === 0 ? (Date.now() - begun) / 1000 : Infinity;
}
