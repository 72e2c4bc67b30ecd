'use strict';
/* Synthesizes a stack with so many backups, round after round, and tells what it took and what came out. The first round loads the modules as well. */
const { mkdtempSync, readFileSync, rmSync, statSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { subject, rounds, context } = JSON.parse(process.argv[2]);
const told = rounds.map((count) => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk-fsx-backup-bench-'));
  const begun = performance.now();
  const { App, Stack } = require('aws-cdk-lib');
  const { define } = require(subject);
  const app = new App({ outdir, context, analyticsReporting: false });
  const stack = new Stack(app, 'Files');
  define(stack, count);
  app.synth();
  const milliseconds = performance.now() - begun;
  const template = join(outdir, 'Files.template.json');
  const { Resources = {} } = JSON.parse(readFileSync(template, 'utf8'));
  const { files } = JSON.parse(readFileSync(join(outdir, 'Files.assets.json'), 'utf8'));
  const assets = Object.values(files).filter(({ source }) => source.path !== 'Files.template.json').length;
  const result = { count, milliseconds, resources: Object.keys(Resources).length, templateBytes: statSync(template).size, assets };
  rmSync(outdir, { recursive: true });
  return result;
});
process.send(told);
