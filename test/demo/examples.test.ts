import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesize } from '../../sandbox';
import { temporary } from '../fixtures';

const EXAMPLES = join(__dirname, '../../examples/typescript');

test.each(readdirSync(EXAMPLES))('the example %s draws no warning of the library', async (name) => {
  const assembly = await synthesize(join(EXAMPLES, name), { outdir: temporary() });
  const said = readdirSync(assembly, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(manifest|\.metadata)\.json$/.test(file))
    .flatMap(
      (file) => readFileSync(join(assembly, file), 'utf8').match(/\[ack: cdk-fsx-backup:\w+\]/g) ?? [],
    );
  expect(said).toEqual([]);
});
