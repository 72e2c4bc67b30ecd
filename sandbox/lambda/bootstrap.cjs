'use strict';
/*
 * The inside of a Lambda container: loads the bundle, serves one invocation after the other, and lives in virtual time.
 *
 * Plain JavaScript, because it runs where no TypeScript loader is. It talks to `container.ts` over Node's IPC channel:
 *   in:  { invoke: { event, requestId, now, deadline, arn } }   { advance: instant }   { hang: { nth, port } }   { goOn: { nth, instant } }   { reload: { environment, now } }
 *   out: { log: text }   { idle: instant of the next timer, or null }   { wentOn: nth }   { output: JSON } or { error, fatal }, each with { busy }
 *
 * Timers that Node keeps for itself cannot be faked: `AbortSignal.timeout` and `socket.setTimeout` are replaced below.
 * Work that Node does in threads without listing it (zlib, asynchronous crypto) goes unseen: time may pass meanwhile.
 */
const { subscribe } = require('node:diagnostics_channel');
const { Socket } = require('node:net');
const Module = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');
const { install } = require('@sinonjs/fake-timers');

const realTimeout = globalThis.setTimeout;
const send = process.send.bind(process);
const clock = install({
  now: Number(process.argv[2]),
  toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'hrtime', 'performance'],
});
AbortSignal.timeout = (milliseconds) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), milliseconds);
  return controller.signal;
};

const lastWords = new WeakMap(); // of sockets: the timers of their silence
Socket.prototype.setTimeout = function (milliseconds, callback) {
  this.timeout = milliseconds;
  if (callback) this[milliseconds > 0 ? 'once' : 'removeListener']('timeout', callback);
  this._unrefTimer();
  return this;
};
Socket.prototype._unrefTimer = function () { // Node calls it whenever something is read or written
  clearTimeout(lastWords.get(this));
  if (this.timeout > 0 && !this.destroyed) lastWords.set(this, setTimeout(() => this.emit('timeout'), this.timeout));
};

// Logs go the same way as the answer, so that they arrive before it.
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, ...rest) => {
    send({ log: String(chunk) });
    rest.find((argument) => typeof argument === 'function')?.();
    return true;
  };
}

// ---- what the outside world still owes us

const requests = new Set(); // of node:http
const fetches = new Map(); // of undici, with their sockets
const hanging = new Map(); // those among them that are not answered for now, if it is known which: time goes on all the same

subscribe('http.client.request.created', ({ request }) => {
  requests.add(request);
  request.once('close', () => {
    requests.delete(request);
    closed(request, request.res?.complete);
  });
});
subscribe('undici:request:create', ({ request }) => fetches.set(request));
subscribe('undici:client:sendHeaders', ({ request, socket }) => fetches.has(request) && fetches.set(request, socket));
subscribe('undici:request:trailers', ({ request }) => fetches.delete(request) && closed(request, true));
subscribe('undici:request:error', ({ request }) => fetches.delete(request) && closed(request, false));

const openHttp = () => [...requests].filter((request) => !request.res?.complete);
const openRequests = () => openHttp().length + fetches.size;

/** The port tells which request it is, unless something lies between here and who answers. */
function hang({ nth, port }) {
  const open = [...openHttp().map((request) => [request, request.socket]), ...fetches];
  const [request] = open.find(([, socket]) => port !== undefined && socket?.localPort === port) ?? [];
  if (request || hanging.size < openRequests()) hanging.set(nth, request);
}

/** Where it is not known which of them hangs, one that is not answered does. */
function closed(request, isAnswered) {
  const known = [...hanging].find(([, one]) => one === request);
  if (known) return void hanging.delete(known[0]);
  const unknown = [...hanging].filter(([, one]) => one === undefined).map(([nth]) => nth);
  const others = openRequests() - (hanging.size - unknown.length);
  for (const nth of unknown.slice(0, isAnswered ? Math.max(0, unknown.length - others) : 1)) hanging.delete(nth);
}

function isBusy() {
  // besides requests: files being read, names being resolved, connections being made
  return openRequests() > hanging.size || process.getActiveResourcesInfo().some((resource) => /Req|Connect/.test(resource));
}

// ---- virtual time

let turn = 0; // a report of an earlier turn is void
let isInvoked = false; // and so is one that comes after the answer: the parent may have sent the next event already

const realPause = (milliseconds) => new Promise((resolve) => realTimeout(resolve, milliseconds));
const nextTick = () => new Promise((resolve) => setImmediate(resolve));
const nextTimer = () => (clock.timers?.size ? Math.min(...[...clock.timers.values()].map((timer) => timer.callAt)) : null);

async function reportIdle() {
  const mine = ++turn;
  if (!isInvoked) return;
  for (let quiet = 0; quiet < 4; quiet++) {
    await (quiet === 2 ? realPause(1) : nextTick());
    if (mine !== turn) return;
    if (!isBusy()) continue;
    await realPause(1);
    quiet = -1;
  }
  if (mine === turn) send({ idle: nextTimer() });
}

async function advance(instant) {
  for (let next = nextTimer(); next !== null && next <= instant; next = nextTimer()) {
    try {
      clock.next();
    } catch (error) {
      setImmediate(() => { throw error; }); // as a real timer would
    }
    await nextTick();
  }
  clock.tick(Math.max(0, instant - Date.now()));
}

/** Told before the answer comes, so that it finds the time at which it comes. */
async function goOn({ nth, instant }) {
  hanging.delete(nth);
  await advance(instant);
  send({ wentOn: nth });
  reportIdle();
}

// ---- the runtime

const describe = (error) => (error instanceof Error
  ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
  : { errorType: typeof error, errorMessage: String(error), trace: [] });

function answer(message) {
  turn++;
  isInvoked = false;
  send({ ...message, busy: isBusy() || openRequests() > 0 });
}

// Both end the container. The parent ends it, so that the message is not lost with the process.
process.on('unhandledRejection', (reason) => {
  answer({ error: { ...describe(reason), errorType: 'Runtime.UnhandledPromiseRejection' }, fatal: true });
});
process.on('uncaughtException', (error) => answer({ error: describe(error), fatal: true }));
process.on('disconnect', () => process.exit());

function loadHandler() {
  const [, file, name] = /^(.+)\.([^.]+)$/.exec(process.env._HANDLER);
  const handler = require(join(process.env.LAMBDA_TASK_ROOT, file))[name];
  if (typeof handler !== 'function') throw runtimeError('HandlerNotFound', `${process.env._HANDLER} is undefined or not exported`);
  if (handler.length > 2) throw runtimeError('CallbackHandlerDeprecated', 'this version of Node.js takes no callback-based handlers');
  return handler;
}

const runtimeError = (name, message) => Object.assign(new Error(message), { name: `Runtime.${name}` });

function initError(error) {
  if (error.code === 'MODULE_NOT_FOUND') error.name = 'Runtime.ImportModuleError';
  if (error instanceof SyntaxError) error.name = 'Runtime.UserCodeSyntaxError';
  return error;
}

const ours = new Set(Object.keys(require.cache));

/*
 * One container after the other loads the same code, from one directory after the other. V8 compiles it once: what it has
 * compiled of a text is kept when its container goes, with all functions that were called by then.
 */
const compiled = new Map(); // by text
const scripts = new Map(); // of the present container, by text
Module.prototype._compile = function (text, filename) {
  const script = new Script(Module.wrap(text), { filename, cachedData: compiled.get(text) });
  scripts.set(text, script);
  const wrapped = script.runInThisContext();
  const required = Module.createRequire(filename);
  return wrapped.call(this.exports, this.exports, required, this, filename, join(filename, '..'));
};

function keepCompiled() {
  for (const [text, script] of scripts) if (!compiled.has(text)) compiled.set(text, script.createCachedData());
  scripts.clear();
}

let handler;
let failedInit;

function load() {
  failedInit = undefined;
  try {
    handler = loadHandler();
  } catch (error) {
    failedInit = describe(initError(error)); // told when the first event comes, as Lambda does
  }
}

/** Become the container of another function. What the code changed in Node.js itself is all that it finds again. */
function reload({ environment, now }) {
  keepCompiled();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  for (const file of Object.keys(require.cache)) if (!ours.has(file)) delete require.cache[file];
  module.children = module.children.filter(({ id }) => ours.has(id)); // else, the former code would stay in memory
  clock.reset();
  clock.setSystemTime(now);
  process.chdir(environment.LAMBDA_TASK_ROOT);
  load();
}

load();

async function invoke({ event, requestId, now, deadline, arn }) {
  await advance(now); // timers left over from the last invocation fire when the container thaws
  if (failedInit) return answer({ error: failedInit, fatal: true });
  const context = {
    awsRequestId: requestId,
    invokedFunctionArn: arn,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  isInvoked = true;
  reportIdle();
  try {
    const result = await handler(event, context);
    answer({ output: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    answer({ error: describe(error) });
  }
}

process.on('message', (message) => {
  if (message.invoke) invoke(message.invoke);
  if (message.hang) hang(message.hang);
  if (message.goOn) goOn(message.goOn);
  if (message.advance) advance(message.advance).then(reportIdle);
  if (message.reload) reload(message.reload);
});
