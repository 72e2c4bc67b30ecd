import { join, resolve } from 'node:path';

export const root = resolve(__dirname, '..');
/** What a run builds. */
export const work = join(root, '.bench');
export const shipped = join(root, 'assets/lambda/handler/index.js');
export const frameworkRuntime = join(
  root,
  'node_modules/aws-cdk-lib-latest/custom-resources/lib/provider-framework/runtime/framework.js',
);
