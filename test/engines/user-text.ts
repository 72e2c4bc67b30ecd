/** What nobody who deploys should have to read. */
const NEVER: Record<string, RegExp> = {
  'a stack trace': /^\s+at |\bat \S+ \(|\bat (file|node):|\.[cm]?[jt]s:\d/m,
  'a path of a file': /(^|[\s"'(])\/(var|tmp|opt|home)\//,
  'words of JavaScript': new RegExp(
    /Cannot (read|set|convert|destructure)|is not /.source +
      /(a function|iterable|defined)|\bundefined\b|\[object /.source +
      /|\b(Type|Reference|Syntax|Range|URI)Error:/.source,
  ),
  'a hint for developers': /Deserialization|\$response/,
  'an address': /https?:/,
  'a secret': /X-Amz-|AWS4-HMAC|Credential=|\bASIA[0-9A-Z]{8}|SESAME/,
  'what is not printable': /[\p{C}\u2028\u2029]/u,
};

/** What is wrong with a text for a user who deploys. */
export function wrongWith(text: string): string[] {
  const found = Object.entries(NEVER)
    .filter(([, pattern]) => pattern.test(text))
    .map(([what]) => what);
  const bytes = Buffer.byteLength(text);
  return bytes < 1 || bytes > 1024 ? [...found, `${bytes} bytes`] : found;
}
