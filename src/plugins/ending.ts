import type { ServerResponse } from 'node:http';

/** Told whether the client left before it had its answer. */
export type EndStep = (hasLeft: boolean) => void;

/**
 * The end of a request: its answer is out, or its client has gone. One watch of the response serves all who wait for it, because each
 * listener costs a small request a microsecond or so. Fastify's onRequestAbort sees only clients that leave while they are still sending:
 * a request is closed once it has been read.
 */
export class Ending {
  #hasLeft = false;
  readonly #steps: EndStep[] = [];

  constructor(response: ServerResponse) {
    response.on('close', () => {
      this.#hasLeft = !isOut(response);
      for (const step of this.#steps) step(this.#hasLeft);
    });
  }

  /** The client left before it had its answer. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** In the order in which they are given. */
  add(step: EndStep): void {
    this.#steps.push(step);
  }
}

/** Whether a response that was closed is out: Node takes the socket from it once its last byte is, and names an error where it got none. */
function isOut({ writableEnded, errored, socket }: ServerResponse): boolean {
  return writableEnded && !errored && socket?.destroyed !== true;
}
