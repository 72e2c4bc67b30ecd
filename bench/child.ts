import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Run one of `processes/` in a process of its own; resolves to what it tells. */
export function child<T>(
  name: string,
  task: object,
  options: { node?: string; preload?: string; environment?: Record<string, string> } = {},
): Promise<T> {
  const { node = process.execPath, preload, environment = {} } = options;
  return new Promise((resolve, reject) => {
    const inside = fork(join(__dirname, 'processes', name), [JSON.stringify(task)], {
      execPath: node,
      execArgv: preload ? ['--require', join(__dirname, 'processes', preload)] : [],
      env: { ...environment, PATH: process.env.PATH, HOME: '/nonexistent', CDK_VALIDATION: 'false' },
      silent: true,
    });
    let told: T | undefined;
    let errors = '';
    inside.stderr!.on('data', (chunk) => {
      errors += chunk;
    });
    inside.on('message', (message) => {
      told = message as T;
    });
    inside.on('close', () =>
      told === undefined ? reject(new Error(`${name} told nothing:\n${errors}`)) : resolve(told),
    );
  });
}
