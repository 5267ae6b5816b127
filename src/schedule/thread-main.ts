import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Call, CallOutcome, ThreadData } from './thread.ts';

/** What runs in a thread: between two calls it sleeps outside of its event loop, from where it is woken sooner. */

const { module, calls } = workerData as ThreadData;
const port = parentPort as MessagePort;
const work: Record<string, (argument: unknown) => unknown> = await import(module);

async function outcomeOf({ name, argument }: Call): Promise<CallOutcome> {
  try {
    return { value: await work[name]?.(argument) };
  } catch (error) {
    return { error };
  }
}

function answer(outcome: CallOutcome): void {
  try {
    port.postMessage(outcome);
  } catch (error) {
    port.postMessage({ error: new Error(String(error)) } satisfies CallOutcome);
  }
}

for (let seen = 0; ; ) {
  Atomics.wait(calls, 0, seen);
  // Before the messages are looked at: what comes later wakes it again.
  seen = Atomics.load(calls, 0);
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    answer(await outcomeOf(next.message as Call));
  }
}
