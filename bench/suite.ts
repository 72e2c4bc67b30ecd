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
    goals: [
      atMost('`npm test`', 180, seconds('test'), shown),
      atMost('`npm run demo`', 60, seconds('demo', join(tmpdir(), 'cdk-fsx-backup-demo.html')), shown),
    ],
    blocks: ['Wall-clock time of one run each, on this machine as it was.'],
  };
}

const shown = (value: number) => (value === Infinity ? 'failed' : time(value));

/**
 * A run that fails has taken for ever. It must not know of the tsconfig.json that this one was started with.
 */
function seconds(task: string, ...more: string[]): number {
  const begun = Date.now();
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TSX_')));
  const { status } = spawnSync('npx', ['projen', task, ...more], { cwd: root, stdio: 'ignore', env });
  return status === 0 ? (Date.now() - begun) / 1000 : Infinity;
}
