import { type IncomingMessage, ServerResponse } from 'node:http';

/** Above this, to copy bytes into a string costs more than to send them beside the header. */
const JOINED_BYTES = 1 << 15;

type Done = () => void;

/**
 * A response whose short body goes out with its header in one piece. Node joins a header with a string; for bytes it corks the socket and
 * sends both by writev, with two more objects and callbacks. Latin-1 keeps bytes as they are.
 */
export class WholeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override end(done?: Done): this;
  override end(chunk: unknown, done?: Done): this;
  override end(chunk: unknown, encoding: BufferEncoding, done?: Done): this;
  override end(chunk?: unknown, encoding?: unknown, done?: unknown): this {
    // Both null is how Fastify calls it.
    if (chunk instanceof Buffer && chunk.length <= JOINED_BYTES && (encoding ?? done ?? null) === null) {
      return super.end(chunk.toString('latin1'), 'latin1');
    }
    return super.end(chunk, encoding as BufferEncoding, done as Done);
  }
}
