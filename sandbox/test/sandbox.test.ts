import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Sandbox, type SandboxOptions } from '../sandbox';

const ROLE = 'arn:aws:iam::123456789012:role/Lister';
const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:lister';
const CODE = `
  const { DescribeBackupsCommand, FSxClient } = require('@aws-sdk/client-fsx');
  exports.handler = () => new FSxClient().send(new DescribeBackupsCommand()).then(() => Date.now());`;

let close: () => Promise<void>;
afterEach(() => close());

/** A sandbox with a function that lists backups or runs other code, and how long that takes. */
async function lister(options: SandboxOptions = {}, code = CODE) {
  const sandbox = await Sandbox.start(options);
  const directory = mkdtempSync(join(tmpdir(), 'lister-'));
  writeFileSync(join(directory, 'index.js'), code);
  close = async () => {
    await sandbox.close();
    rmSync(directory, { recursive: true });
  };
  await sandbox.policies.putRole(ROLE, {
    trust: { Statement: [] },
    inline: { list: { Statement: [{ Effect: 'Allow', Action: 'fsx:DescribeBackups', Resource: '*' }] } },
  });
  sandbox.lambda.create({
    arn: FUNCTION,
    name: 'lister',
    directory,
    handler: 'index.handler',
    timeoutSeconds: 60,
    memoryMegabytes: 128,
    roleArn: ROLE,
    environment: { NODE_PATH: resolve('node_modules') },
  });
  const took = async () => {
    const start = sandbox.clock.now();
    const answered = await sandbox.clock.run(sandbox.lambda.invoke(FUNCTION, {}));
    return answered - start;
  };
  return { sandbox, took };
}

test('a call takes no time by default, or as much as the sandbox is told at any time', async () => {
  const { sandbox, took } = await lister();
  expect(await took()).toBe(0);
  const asked: string[] = [];
  sandbox.callDuration = (operation) => {
    asked.push(operation);
    return 250;
  };
  expect(await took()).toBe(250);
  expect(asked).toEqual(['fsx:DescribeBackups']);
});

test('a sandbox may start with calls that take time', async () => {
  const { sandbox, took } = await lister({ callDuration: () => 300 });
  expect(await took()).toBe(300);
  sandbox.faults.add('fsx:DescribeBackups', 1, { kind: 'slow', ms: 2_000 });
  expect(await took()).toBe(2_300);
});

test('people change the backups of the sandbox, and its journal knows', async () => {
  const { sandbox } = await lister();
  sandbox.fsx.crowd(1);
  const [backup] = sandbox.fsx.backups.values();
  expect(sandbox.people.tag(backup.id, 'hold', 'audit')).toBe(true);
  expect(sandbox.journal.of('person')).toMatchObject([{ act: 'tag', backupId: backup.id }]);
});

test('a function that checks where its response goes is told the host of the sandbox', async () => {
  const { sandbox } = await lister(
    {},
    'exports.handler = async () => process.env.CDK_FSX_BACKUP_RESPONSE_HOST;',
  );
  expect(await sandbox.clock.run(sandbox.lambda.invoke(FUNCTION, {}))).toBe(
    await sandbox.cloudFormation.responseHost(),
  );
});
