import { compileApps, copyApps, integRunner, keepSnapshots } from './live-apps';

/*
 * `npm run integ [-- <arguments of integ-runner>]`: verify the snapshots of the live tests. With
 * `--update-on-failed` they are deployed, and their snapshots written; with `--dry-run` too, only the latter.
 * docs/live-tests.md
 */

delete process.env.TSX_TSCONFIG_PATH; // this process's own: the apps have theirs
const args = process.argv.slice(2);
const isUpdate = args.includes('--update-on-failed') || args.includes('--force');
const isLive = isUpdate && !args.includes('--dry-run');

copyApps();
const steps = [
  compileApps,
  // Snapshots are kept without the bundled handler, and the first of two deployments is that of a snapshot.
  ...(isLive
    ? [
        () =>
          integRunner([
            '--update-on-failed',
            '--force',
            '--dry-run',
            ...args.filter((arg) => !arg.startsWith('-')),
          ]),
      ]
    : []),
  () => integRunner(args, isLive),
];
for (const step of steps) {
  const { status, output } = step();
  process.stdout.write(output);
  if (status !== 0) process.exit(status);
}
if (isUpdate) keepSnapshots();
