'use strict';
/*
 * The inside of a Lambda container: loads the bundle, serves one invocation after the other, and lives in virtual time.
 *
 * Plain JavaScript, because it runs where no TypeScript loader is. It talks to `container.ts` over Node's IPC channel:
 *   in:  { invoke: { event, requestId, now, deadline, arn } }   { advance: instant }   { hang: nth }   { goOn: { nth, instant } }   { reload: { environment, now } }
 *   out: { log: text }   { idle: instant of the next timer, or null }   { output: JSON } or { error, fatal }, each with { busy }
 *
 * Timers that Node keeps for itself cannot be faked: `AbortSignal.timeout` and `socket.setTimeout` are replaced below.
 * Work that Node does in threads without listing it (zlib, asynchronous crypto) goes unseen: time may pass meanwhile.
 */
const { subscribe } = require('node:diagnostics_channel');
const { Socket } = require('node:net');
const { join } = require('node:path');
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
const fetches = new Set(); // of undici
const hanging = new Set(); // stands for requests among them that are not answered for now: time goes on all the same

subscribe('http.client.request.created', ({ request }) => {
  requests.add(request);
  request.once('close', () => {
    requests.delete(request);
    closed(request.res?.complete);
  });
});
subscribe('undici:request:create', ({ request }) => fetches.add(request));
subscribe('undici:request:trailers', ({ request }) => fetches.delete(request) && closed(true));
subscribe('undici:request:error', ({ request }) => fetches.delete(request) && closed(false));

const openRequests = () => [...requests].filter((request) => !request.res?.complete).length + fetches.size;

/** Which of them it is that hangs is not known: one that is not answered does. */
function closed(isAnswered) {
  for (const nth of [...hanging].slice(0, isAnswered ? Math.max(0, hanging.size - openRequests()) : 1)) hanging.delete(nth);
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
  if (message.hang && hanging.size < openRequests()) hanging.add(message.hang);
  if (message.goOn) hanging.delete(message.goOn.nth);
  if (message.advance ?? message.goOn) advance(message.advance ?? message.goOn.instant).then(reportIdle);
  if (message.reload) reload(message.reload);
});
