import type { CloudFormationEvent } from './request';
import type { BackupAttributes } from '../src/private/contract';

/** The end of a request, as CloudFormation shall hear of it. */
export type Answer =
  | { readonly status: 'SUCCESS'; readonly physicalId: string; readonly attributes?: BackupAttributes }
  | { readonly status: 'FAILED'; readonly physicalId: string; readonly reason: string };

/** CloudFormation refuses a larger response. */
const MAX_RESPONSE_BYTES = 4096;
/** Enough for every text of ours, and little enough to be read in a stack event. */
const MAX_REASON_BYTES = 1024;

export function responseBody(event: CloudFormationEvent, answer: Answer): string {
  const body = (reason?: string) =>
    JSON.stringify({
      Status: answer.status,
      Reason: reason,
      PhysicalResourceId: answer.physicalId,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: false,
      Data: answer.status === 'SUCCESS' ? answer.attributes : undefined,
    });
  if (answer.status === 'SUCCESS') return body();
  const room = MAX_RESPONSE_BYTES - Buffer.byteLength(body(''));
  return body(truncate(printable(answer.reason), Math.min(MAX_REASON_BYTES, room)));
}

/** The same for a wait condition. */
export function signalBody(answer: Answer): string {
  return JSON.stringify({
    Status: answer.status === 'SUCCESS' ? 'SUCCESS' : 'FAILURE',
    UniqueId: 'FsxBackup', // the same for every delivery: a second signal with it has no effect
    Data: answer.physicalId,
    Reason: answer.status === 'SUCCESS' ? 'The backup is there.' : readable(answer.reason),
  });
}

/** A reason where only a person reads it. */
export function readable(reason: string): string {
  return truncate(printable(reason), MAX_REASON_BYTES);
}

function printable(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, ' ').trim() || 'the reason is unknown';
}

/** Cut to a number of bytes, counted as JSON writes the text, without breaking a character. */
function truncate(text: string, bytes: number): string {
  if (jsonBytes(text) <= bytes) return text;
  let room = bytes - jsonBytes('…');
  let kept = '';
  for (const character of text) {
    room -= jsonBytes(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
