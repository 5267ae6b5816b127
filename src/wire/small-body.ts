import { ServiceError } from '../errors.ts';

/** Told the body, or why there is none. */
export type Received = (error: Error | null, body?: Uint8Array) => void;

/** A short body of a known length while its pieces come; whoever waits for it is told once. */
export class SmallBody {
  readonly #contentLength: number;
  readonly #done: Received;
  #bytes: Uint8Array | undefined;
  #size = 0;
  #isOver = false;

  constructor(contentLength: number, done: Received) {
    this.#contentLength = contentLength;
    this.#done = done;
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#contentLength) {
      this.#tell(malformed(`The body is longer than its Content-Length, ${this.#contentLength} bytes`));
    } else {
      this.#bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes, chunk]);
    }
  }

  end(): void {
    const isShort = this.#size < this.#contentLength;
    this.#tell(isShort ? malformed(`The body has ${this.#size} bytes and its Content-Length is ${this.#contentLength}`) : null);
  }

  /** The client left before all of it was here. */
  abandon(): void {
    this.#tell(new ServiceError('client_closed_request', 'The client closed the connection'));
  }

  #tell(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(error, error === null ? (this.#bytes ?? Buffer.alloc(0)) : undefined);
  }
}

function malformed(detail: string): ServiceError {
  return new ServiceError('malformed', detail);
}
