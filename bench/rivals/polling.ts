import { setTimeout as sleep } from 'node:timers/promises';
import { onEvent, isComplete } from './on-event';

/* What people write who want no framework: one function that waits. It has fifteen minutes. */

export async function handler(event: any) {
  const { PhysicalResourceId } = await onEvent(event);
  while (!(await isComplete({ ...event, PhysicalResourceId })).IsComplete) await sleep(5_000);
  const { StackId, RequestId, LogicalResourceId, ResponseURL } = event;
  await fetch(ResponseURL, {
    method: 'PUT',
    body: JSON.stringify({ Status: 'SUCCESS', StackId, RequestId, LogicalResourceId, PhysicalResourceId }),
  });
}
