'use strict';
/* Loads a handler, invokes it with one event after the other, and tells how long each took and how much it wrote. */
const { file, calls } = JSON.parse(process.argv[2]);

let written = 0;
process.stdout.write = (chunk, ...rest) => {
  written += Buffer.byteLength(chunk);
  rest.find((argument) => typeof argument === 'function')?.();
  return true;
};
const context = { getRemainingTimeInMillis: () => 100_000 };

async function main() {
  const begun = performance.now();
  const handlers = require(file);
  const imported = performance.now() - begun;
  const told = [];
  let last;
  for (const { name, event, goesOn } of calls) {
    const [from, writtenBefore] = [performance.now(), written];
    try {
      last = JSON.parse(JSON.stringify(await handlers[name](goesOn ? { ...event, ...last } : event, context)) ?? 'null');
    } catch (error) {
      if (error.constructor.name !== 'Retry') throw error; // with which the framework says "not yet"
    }
    told.push({ milliseconds: performance.now() - from, logBytes: written - writtenBefore });
  }
  process.send({ imported, calls: told, peakBytes: process.resourceUsage().maxRSS * 1024 }, () => process.exit());
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
