import { type IncomingMessage, ServerResponse } from 'node:http';
import { ascii, ByteSink } from '../bytes/byte-sink.ts';

/** Above this, to copy bytes behind a header costs more than to send them beside it. */
const JOINED_BYTES = 1 << 15;

const STATUS_LINE = 'HTTP/1.1 200 OK\r\n';
const STATUS = ascii(STATUS_LINE);

/** Headers of printable ASCII, none that says how the body is sent but its length. */
export interface HeaderLines {
  /** Writes each as `name: value` with its line's end. */
  write(sink: ByteSink): void;
}

/** Their names and values in turn, as `writeHead` takes them. */
export function listOf(header: HeaderLines): string[] {
  const sink = new ByteSink();
  header.write(sink);
  const lines = sink.join().toString('latin1').split('\r\n').slice(0, -1);
  return lines.flatMap((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

type Done = () => void;

/** What Node's response keeps for itself, and lets its heirs see. */
interface Inner {
  /** The text of the header once there is one: no other can be given. */
  _header: string | null;
  _headerSent: boolean;
  readonly _keepAliveTimeout: number;
  /** Sends what is given when it is this response's turn on its connection. */
  _writeRaw(data: Uint8Array): boolean;
}

/**
 * A response whose short body goes out with its header in one piece. Node joins a header with a string; for bytes it corks the socket and
 * sends both by writev, with two more objects and callbacks.
 */
export class WholeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override end(done?: Done): this;
  override end(chunk: unknown, done?: Done): this;
  override end(chunk: unknown, encoding: BufferEncoding, done?: Done): this;
  override end(chunk?: unknown, encoding?: unknown, done?: unknown): this {
    // Both null is how Fastify calls it. Latin-1 keeps bytes as they are.
    if (chunk instanceof Buffer && chunk.length <= JOINED_BYTES && (encoding ?? done ?? null) === null) {
      return super.end(chunk.toString('latin1'), 'latin1');
    }
    return super.end(chunk, encoding as BufferEncoding, done as Done);
  }

  /**
   * Answers 200 with a whole body, as `writeHead` and `end` would, byte for byte. Those look at every header for what it may mean and at every
   * character of it, and turn body and header into text and back: a tenth of a small request's time. What goes on from here is left to them, as
   * are answers to other methods, the last of a connection, and all that was given headers before.
   */
  answer(header: HeaderLines, body: Uint8Array): void {
    if (!this.#isPlain() || body.byteLength > JOINED_BYTES) {
      this.writeHead(200, listOf(header)).end(body, null as never);
      return;
    }
    const inner = this as unknown as Inner;
    const sink = new ByteSink();
    sink.literal(STATUS);
    header.write(sink);
    sink.literal(lastLines(Date.now(), inner._keepAliveTimeout));
    // Node asks from now on whether it is there, not what it says.
    inner._header = STATUS_LINE;
    inner._headerSent = true;
    inner._writeRaw(sink.join(body));
    super.end();
  }

  #isPlain(): boolean {
    const { req, shouldKeepAlive, sendDate, headersSent } = this;
    if (req.method !== 'POST' || !shouldKeepAlive || !sendDate || headersSent) return false;
    return (this as unknown as Inner)._keepAliveTimeout > 0 && this.getHeaderNames().length === 0;
  }
}

let linesSecond = Number.NaN;
let linesKeepAliveMs = Number.NaN;
let lines: Uint8Array = new Uint8Array(0);

/** What Node adds to a header, with the time as HTTP writes it: made once a second. */
function lastLines(ms: number, keepAliveMs: number): Uint8Array {
  const second = Math.floor(ms / 1000);
  if (second !== linesSecond || keepAliveMs !== linesKeepAliveMs) {
    const date = new Date(ms).toUTCString();
    const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}`;
    lines = ascii(`Date: ${date}\r\n${keepAlive}\r\n\r\n`);
    linesSecond = second;
    linesKeepAliveMs = keepAliveMs;
  }
  return lines;
}
