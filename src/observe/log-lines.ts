import { ByteSink } from '../bytes/byte-sink.ts';
import { type RequestEntry, writeRequestLine } from './request-line.ts';

/** Where lines of the log go. */
export interface LineSink {
  write(line: string): unknown;
  /** The line of a request, by who can write it without making a string of it. */
  writeRequest?(entry: RequestEntry, message: string, timeMs: number): unknown;
}

/** Where they go in the end: a file descriptor, as pino's destination writes it in its mode for bytes. */
export interface BytesSink {
  write(bytes: Buffer): unknown;
}

/**
 * Gathers the lines of one turn of the event loop and hands them on as one piece. Pino's destination takes them one by one, counts the bytes of all
 * that waits anew with every line, and wakes a thread for the first: at ten thousand requests a second a twentieth of the loop's time.
 */
export class LogLines implements LineSink {
  readonly #sink: BytesSink;
  #lines: ByteSink | null = null;

  constructor(sink: BytesSink) {
    this.#sink = sink;
  }

  write(line: string): void {
    this.#open().utf8(line);
  }

  writeRequest(entry: RequestEntry, message: string, timeMs: number): void {
    writeRequestLine(this.#open(), entry, message, timeMs);
  }

  /** Hands on what is there: for the end of the process, which has no further turn. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = null;
    if (lines !== null) this.#sink.write(lines.join());
  }

  #open(): ByteSink {
    if (this.#lines === null) {
      this.#lines = new ByteSink();
      setImmediate(() => this.flush());
    }
    return this.#lines;
  }
}
