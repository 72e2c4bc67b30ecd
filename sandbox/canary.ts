import { createServer } from 'node:http';
import type { Journal } from './journal';
import { onLoopback } from './loopback';

/**
 * An address that nobody should ever call, for hostile input to carry. Whatever reaches it is answered like a
 * success, and stands in the journal as `stray`.
 */
export class Canary {
  static async start(journal: Journal): Promise<Canary> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of request) chunks.push(chunk);
      } catch {
        // half a request is one, too
      }
      const { method = '', url = '' } = request;
      journal.add({ kind: 'stray', method, url, body: Buffer.concat(chunks).toString('utf8') });
      response.sendDate = false;
      response.writeHead(200).end();
    });
    const { url: origin, close } = await onLoopback(server);
    return new Canary(origin, close);
  }

  private constructor(
    private readonly origin: string,
    readonly close: () => Promise<void>,
  ) {}

  /** An address of the canary: `path` may have a query. */
  url(path = '/'): string {
    return `${this.origin}/${path.replace(/^\//, '')}`;
  }
}
