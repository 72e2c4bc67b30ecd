import { type Disturbance, head, type Line, type Reply, write } from './wire';

/** A kind of disturbance. */
export interface Kind {
  readonly what: string;
  readonly disturbance: Disturbance;
  /** The call succeeds all the same: there is nothing to wait out. */
  readonly harmless?: boolean;
  /** How the failure names it where it lasts. */
  readonly says?: RegExp;
  /** It looks like a success that has nothing to say. */
  readonly feignsSuccess?: boolean;
}

const JSON_TYPE = 'application/x-amz-json-1.1';
const PAGE =
  '<!DOCTYPE html>\n' +
  '<html><head><title>Proxy</title></head><body><h1>https://proxy.example/?token=SESAME</h1></body></html>';

const lost = (answer: (line: Line, reply: Reply) => void): Disturbance => ({
  carriedOut: true,
  answer: (line, reply) => answer(line, reply!),
});
const refused = (answer: (line: Line) => void): Disturbance => ({ carriedOut: false, answer });
const instead = (
  status: number,
  headers: Record<string, string>,
  body: string | Buffer = '',
): Disturbance => {
  return refused(({ socket }) => write(socket, { status, headers, body: Buffer.from(body) }));
};
const page = (status: number) => instead(status, { 'Content-Type': 'text/html; charset=utf-8' }, PAGE);
export const error = (
  code: string,
  message: string,
  status = 400,
  headers: Record<string, string> = {},
): Disturbance =>
  refused(({ socket, operation }) => {
    if (operation === 'response:PUT' || operation.startsWith('cloudformation:')) {
      const fields = `<Code>${code}</Code><Message>${message}</Message>`;
      const inner =
        operation === 'response:PUT'
          ? `<Error>${fields}</Error>`
          : `<ErrorResponse><Error><Type>Sender</Type>${fields}</Error></ErrorResponse>`;
      return write(socket, {
        status,
        headers: { 'Content-Type': 'text/xml', ...headers },
        body: Buffer.from(inner),
      });
    }
    write(socket, {
      status,
      headers: { 'Content-Type': JSON_TYPE, ...headers },
      body: Buffer.from(JSON.stringify({ __type: code, message })),
    });
  });
export const EXPIRED = error(
  'ExpiredTokenException',
  'The security token included in the request is expired',
);
const half = (body: Buffer) => body.subarray(0, Math.floor(body.length / 2));
const lengthOf = (body: Buffer) => ({ 'Content-Length': String(body.length) });
const changed = (change: (reply: Reply, line: Line) => Partial<Reply>) =>
  lost((line, reply) => {
    write(line.socket, { ...reply, ...change(reply, line) });
  });
const date = (now: number, hours: number) => new Date(now + hours * 3_600_000).toUTCString();

/** The call may have been carried out or not, and nobody can tell. */
const CONNECTIONS: Kind[] = [
  {
    what: 'a connection closed before the call is carried out',
    disturbance: refused(({ socket }) => socket.end()),
  },
  {
    what: 'a connection closed after the call is carried out',
    disturbance: lost(({ socket }) => socket.end()),
  },
  {
    what: 'a connection reset after the call is carried out',
    disturbance: lost(({ socket }) => socket.resetAndDestroy()),
  },
  { what: 'silence after the call is carried out', disturbance: lost((line) => line.fallSilent()) },
  {
    what: 'an answer after seven seconds, when nobody waits for it any more',
    disturbance: lost((line, reply) => line.after(7_000, () => write(line.socket, reply))),
  },
  {
    what: 'headers cut off in the middle',
    disturbance: lost(({ socket }, reply) => socket.end(head(reply).slice(0, 30))),
  },
  {
    what: 'a body cut off in the middle',
    disturbance: lost(({ socket }, { body, ...reply }) => {
      socket.write(
        head({ ...reply, headers: { ...reply.headers, 'Content-Length': String(body.length + 100) } }),
      );
      socket.end(half(body));
    }),
  },
  {
    what: 'a body reset in the middle',
    disturbance: lost(({ socket }, { body, ...reply }) => {
      socket.write(
        head({ ...reply, headers: { ...reply.headers, 'Content-Length': String(body.length + 100) } }),
      );
      socket.write(half(body), () => socket.resetAndDestroy());
    }),
  },
  {
    what: 'a chunked body cut off in the middle',
    disturbance: lost(({ socket }, { body, ...reply }) => {
      socket.write(head({ ...reply, headers: { ...reply.headers, 'Transfer-Encoding': 'chunked' } }));
      socket.end(Buffer.concat([Buffer.from(`${half(body).length.toString(16)}\r\n`), half(body)]));
    }),
  },
  {
    what: 'a body without a length that ends too early',
    disturbance: lost(({ socket }, { body, ...reply }) => {
      socket.write(head({ ...reply, headers: { ...reply.headers, Connection: 'close' } }));
      socket.end(half(body));
    }),
  },
  {
    what: 'a body that stalls in the middle',
    disturbance: lost((line, { body, ...reply }) => {
      line.socket.write(
        head({ ...reply, headers: { ...reply.headers, 'Content-Length': String(body.length + 100) } }),
      );
      line.socket.write(half(body), () => line.fallSilent());
    }),
  },
];

/** Not of AWS, or not as AWS has sent it. */
const ANSWERS: Kind[] = [
  {
    what: 'garbage instead of HTTP',
    disturbance: refused(({ socket }) => socket.end(Buffer.from('15030300020250', 'hex'))),
  },
  { what: "a proxy's page with 200", feignsSuccess: true, disturbance: page(200) },
  { what: "a proxy's page with 403", disturbance: page(403) },
  { what: "a proxy's page with 502", disturbance: page(502) },
  { what: "a proxy's page with 503", disturbance: page(503) },
  {
    what: 'a redirect with 301',
    disturbance: instead(301, { Location: 'https://login.example/?token=SESAME' }, ''),
  },
  {
    what: 'a redirect with 307',
    disturbance: instead(307, { Location: 'https://login.example/?token=SESAME' }, PAGE),
  },
  {
    what: 'an empty body with 200',
    feignsSuccess: true,
    disturbance: instead(200, { 'Content-Type': JSON_TYPE }),
  },
  { what: 'nothing with 204', feignsSuccess: true, disturbance: instead(204, {}) },
  { what: 'an empty body with 500', disturbance: instead(500, {}) },
  {
    what: 'a body that is lost after the call is carried out',
    disturbance: changed(() => ({ body: Buffer.alloc(0) })),
  },
  {
    what: 'a body that is not JSON',
    disturbance: changed(({ body }) => ({ body: Buffer.concat([Buffer.from('{'), body]) })),
  },
  {
    what: 'JSON that is no object',
    feignsSuccess: true,
    disturbance: instead(200, { 'Content-Type': JSON_TYPE }, 'null'),
  },
  {
    what: 'a body in UTF-16',
    disturbance: changed(({ body }) => ({
      body: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(body.toString(), 'utf16le')]),
    })),
  },
  {
    what: 'a body that comes twice',
    disturbance: changed(({ body }) => ({ body: Buffer.concat([body, body, Buffer.from(' ')]) })),
  },
  {
    what: 'a body that is said to be compressed',
    disturbance: changed(({ headers, body }) => ({
      headers: { ...headers, 'Content-Encoding': 'gzip' },
      body: Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), body]),
    })),
  },
];

/** Odd, and no reason to fail. */
const ODDITIES: Kind[] = [
  {
    what: 'a wrong content type',
    harmless: true,
    disturbance: changed(({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } })),
  },
  {
    what: 'no content type',
    harmless: true,
    disturbance: changed(({ headers: { 'content-type': _, ...headers } }) => ({ headers })),
  },
  {
    what: 'a body of a quarter of a megabyte',
    harmless: true,
    disturbance: changed(({ body }) => ({ body: Buffer.concat([body, Buffer.alloc(262_144, ' ')]) })),
  },
  {
    what: 'a body that comes byte by byte',
    harmless: true,
    disturbance: lost(({ socket }, { body, ...reply }) => {
      socket.setNoDelay();
      socket.write(head({ ...reply, headers: { ...reply.headers, ...lengthOf(body) } }));
      const rest = [...body];
      const next = () => {
        if (rest.length > 0 && !socket.destroyed) {
          socket.write(Buffer.from(rest.splice(0, 16)), () => setImmediate(next));
        }
      };
      next();
    }),
  },
  {
    what: 'a clock five hours ahead',
    harmless: true,
    disturbance: changed(({ headers }, { now }) => ({ headers: { ...headers, Date: date(now, 5) } })),
  },
  {
    what: 'a clock five hours behind',
    harmless: true,
    disturbance: changed(({ headers }, { now }) => ({ headers: { ...headers, Date: date(now, -5) } })),
  },
  {
    what: 'a date that is none',
    harmless: true,
    disturbance: changed(({ headers }) => ({ headers: { ...headers, Date: 'soon' } })),
  },
  {
    what: 'an answer after five seconds',
    harmless: true,
    disturbance: lost((line, reply) => line.after(5_000, () => write(line.socket, reply))),
  },
];

const skewed = (code: string, message: string, status: number) =>
  refused((line) => {
    error(code, message, status, { Date: date(line.now, 5) }).answer(line, undefined);
  });

/** By AWS, which says why. */
const REFUSALS: Kind[] = [
  { what: '429 without a word', says: /\(HTTP 429\)/, disturbance: instead(429, {}) },
  {
    what: '429 with Retry-After',
    says: /TooManyRequestsException: Slow down/,
    disturbance: error('TooManyRequestsException', 'Slow down', 429, { 'Retry-After': '3600' }),
  },
  {
    what: '503 with Retry-After',
    says: /ServiceUnavailable: Busy/,
    disturbance: error('ServiceUnavailable', 'Busy', 503, { 'Retry-After': '3600' }),
  },
  {
    what: 'a signature that is said to be expired',
    says: /Signature expired.*credentials or its clock/,
    disturbance: skewed('InvalidSignatureException', 'Signature expired: it is now earlier', 400),
  },
  {
    what: 'times that are too far apart',
    says: /RequestTimeTooSkewed.*credentials or its clock/,
    disturbance: skewed('RequestTimeTooSkewed', 'The times are too far apart.', 403),
  },
  {
    what: 'a request that is said to be expired',
    says: /RequestExpired.*credentials or its clock/,
    disturbance: error('RequestExpired', 'Request has expired.'),
  },
  {
    what: 'credentials that have run out',
    says: /ExpiredTokenException.*credentials or its clock/,
    disturbance: EXPIRED,
  },
  {
    what: 'credentials that are not known',
    says: /UnrecognizedClientException.*credentials or its clock/,
    disturbance: error(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ),
  },
];

/** Kinds that come by the dozen when a service has too much to do. */
export const STORMS: Kind[] = [
  ...REFUSALS.slice(0, 3),
  { what: '503 without a word', disturbance: instead(503, {}) },
  { what: 'ThrottlingException', disturbance: error('ThrottlingException', 'Rate exceeded') },
];

const saying = (says: RegExp, kinds: Kind[]) => kinds.map((kind) => ({ says, ...kind }));
export const KINDS: Kind[] = [
  ...saying(
    /socket hang up|ECONNRESET|timed out after \d+ ms|A response \(HTTP \d+\) could not be read/,
    CONNECTIONS,
  ),
  ...saying(/A response \(HTTP \d+\) could not be read|The response is empty|Parse Error/, ANSWERS),
  ...ODDITIES,
  ...REFUSALS,
];
