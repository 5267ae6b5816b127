import { workerData } from 'node:worker_threads';

/** A thread of the device's process: ends the process when the service, its parent, is gone. */

const INTERVAL_MS = 1_000;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);
