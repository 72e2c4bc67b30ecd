const ATTEMPTS = 3;
const ATTEMPT_TIMEOUT = 8_000;

/**
 * Puts the answer to the presigned URL. Throws when it could not be delivered; the error never contains the
 * URL.
 */
export async function deliver(url: string, body: string, pause = sleep): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const problem = await put(url, body);
    if (problem === undefined) return;
    if (attempt === ATTEMPTS) {
      throw new Error(`CloudFormation's response URL could not be reached: ${problem}`);
    }
    await pause(500 * 2 ** attempt * (0.5 + Math.random() / 2));
  }
}

async function put(url: string, body: string): Promise<string | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ATTEMPT_TIMEOUT);
  try {
    // The URL is signed for an empty content type, hence bytes and the header: fetch would add one to a
    // string.
    const response = await fetch(url, {
      method: 'PUT',
      body: Buffer.from(body),
      headers: { 'content-type': '' },
      signal: abort.signal,
    });
    await response.arrayBuffer();
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error: any) {
    // undici's messages may quote the URL; its codes do not.
    return abort.signal.aborted
      ? `no answer in ${ATTEMPT_TIMEOUT / 1000} s`
      : String(error?.cause?.code ?? error?.name ?? 'network error');
  } finally {
    clearTimeout(timer);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
