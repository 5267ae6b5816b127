import type { FastifyRequest } from 'fastify';
import type { Ending } from '../src/plugins/ending.ts';
import type { RunContext } from '../src/schedule/engine.ts';
import { isPiledUp, Lease } from '../src/tensor/lease.ts';

/** What a request holds until its connection is done with it. */
export interface Exchange extends RunContext {
  /** Fires when the client closes the connection before it has its answer. */
  readonly signal: AbortSignal;
  hasLeft(): boolean;
  /** How long the answer may take; nothing is computed before it is set. */
  timeoutMs: number;
  /** The body and all that is computed from it: given back once the answer is out. */
  readonly lease: Lease;
}

/**
 * Watches a request to its end. Fastify's own `request.signal` listens to the request's 'close', which on a POST comes as soon as the body
 * has been read.
 * @param body as it was received; its memory is used again
 * @param collect called where so much memory was left behind that the threads should collect
 */
export function openExchange({ ending }: FastifyRequest, body: Uint8Array, collect: () => void): Exchange {
  return new OpenExchange(ending, body, collect);
}

class OpenExchange implements Exchange {
  readonly lease = new Lease();
  timeoutMs = 0;
  readonly #ending: Ending;
  // Most requests are answered without anybody looking at it.
  #departure: AbortController | undefined;

  constructor(ending: Ending, body: Uint8Array, collect: () => void) {
    this.#ending = ending;
    this.lease.adopt(body.buffer);
    ending.add((hasLeft) => {
      if (hasLeft) this.#departure?.abort();
      this.lease.end(!hasLeft);
      if (isPiledUp()) collect();
    });
  }

  get signal(): AbortSignal {
    if (this.#departure === undefined) {
      this.#departure = new AbortController();
      if (this.#ending.hasLeft) this.#departure.abort();
    }
    return this.#departure.signal;
  }

  hasLeft(): boolean {
    return this.#ending.hasLeft;
  }
}
