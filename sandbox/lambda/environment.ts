import type { LambdaFunction } from './runtime';

export function logGroupOf({ logGroup, name }: LambdaFunction): string {
  return logGroup ?? `/aws/lambda/${name}`;
}

/** What Lambda sets, and nothing of ours. */
export function environmentOf(fn: LambdaFunction, accessKeyId: string): Record<string, string> {
  const region = fn.arn.split(':')[3];
  return {
    TZ: ':UTC',
    HOME: '/nonexistent', // without it, the SDK would read the profile of the user
    ...fn.environment,
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMegabytes),
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(fn),
    AWS_LAMBDA_LOG_STREAM_NAME: `[$LATEST]${accessKeyId.toLowerCase()}`,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_SESSION_TOKEN: 'sandbox',
    LAMBDA_TASK_ROOT: fn.directory,
    _HANDLER: fn.handler,
  };
}
