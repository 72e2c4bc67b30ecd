import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build';
import type { Section } from './goals';
import { measureHandler, nodeVersions } from './handler';
import { measureLoad } from './load';
import { measureLookup } from './lookup';
import { machine } from './machine';
import { measureMoney } from './money';
import { page } from './page';
import { root, work } from './paths';
import { measurePolls } from './polls';
import { measureSuite } from './suite';
import { measureSynthesis } from './synthesis';
import { measureTemplates } from './templates';

/*
 * `npm run bench [-- --repetitions N] [--suite]`: measure, and write docs/benchmarks.md; with `--suite`, our
 * own tests too, which takes as long again.
 */

async function main(args: string[]): Promise<void> {
  const at = args.indexOf('--repetitions');
  const repetitions = at < 0 ? 15 : Number(args[at + 1]);
  if (!(repetitions >= 1)) throw new Error('--repetitions wants a number, such as 15');

  const begun = Date.now();
  const step = async <T>(what: string, measure: () => T | Promise<T>): Promise<T> => {
    const from = Date.now();
    process.stderr.write(`${what} … `);
    const result = await measure();
    process.stderr.write(`${Math.round((Date.now() - from) / 1000)} s\n`);
    return result;
  };
  const nodes = nodeVersions();
  const facts = machine(nodes);
  await step('build', build);
  const resources = await step('resources', measureTemplates);
  const synthesis = await step('synthesis', () => measureSynthesis(repetitions));
  const { section: handler, polls: perPoll } = await step('cold start', () =>
    measureHandler(repetitions, nodes),
  );
  const polls = await step('polls', measurePolls);
  const load = await step('many backups at once', measureLoad);
  const lookup = await step('lookup', measureLookup);
  const suite = args.includes('--suite') ? [await step('our own suite', measureSuite)] : [];
  write(
    [resources, synthesis, handler, polls, load, measureMoney(perPoll), lookup, ...suite],
    [...facts, ['all of it took', `${Math.round((Date.now() - begun) / 1000)} s`]],
  );
  rmSync(work, { recursive: true });
}

function write(sections: Section[], facts: string[][]): void {
  const plots = join(root, 'docs/benchmarks');
  mkdirSync(plots, { recursive: true });
  for (const [name, svg] of sections.flatMap((section) => Object.entries(section.plots ?? {}))) {
    writeFileSync(join(plots, `${name}.svg`), svg);
  }
  writeFileSync(join(root, 'docs/benchmarks.md'), page(sections, facts));
  for (const { what, wanted, got, isMet } of sections.flatMap(({ goals }) => goals)) {
    process.stdout.write(`${isMet ? 'met    ' : 'NOT MET'} ${what}: ${got} (${wanted})\n`);
  }
}

void main(process.argv.slice(2)).catch((error) => {
  process.exitCode = 1;
  console.error(error instanceof Error ? error.stack : error);
});
