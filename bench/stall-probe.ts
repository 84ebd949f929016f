/** Loaded into a server (NODE_OPTIONS=--import): tells whoever connects how long the event loop was held since the last time. */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const path = process.env.STALL_PROBE;
if (isMainThread && path) {
  let elapsed = 0;
  let busy = 0;
  let lastTime = performance.now();
  let last = process.threadCpuUsage();
  const tick = () => {
    const now = performance.now();
    const usage = process.threadCpuUsage();
    elapsed = Math.max(elapsed, now - lastTime - 1);
    busy = Math.max(busy, (usage.user + usage.system - last.user - last.system) / 1000);
    lastTime = now;
    last = usage;
  };
  setInterval(tick, 1).unref();
  rmSync(path, { force: true });
  createServer((socket) => {
    tick();
    socket.end(JSON.stringify({ elapsed, busy }));
    elapsed = 0;
    busy = 0;
  })
    .listen(path)
    .unref();
}
