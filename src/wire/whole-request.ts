import { IncomingMessage } from 'node:http';
import { type Received, SmallBody } from './small-body.ts';

/**
 * A request whose short body is handed over as the parser gives it, not through a stream: Node's parser calls `push` with each piece, and with
 * null at the end. Listeners, their ticks and the state of a stream are a tenth of a small request's time, and a piece that is here already
 * waits for two turns of the microtask queue for nothing.
 */
export class WholeRequest extends IncomingMessage {
  #body: SmallBody | undefined;
  #isRead = false;

  /**
   * Takes the body in place of the stream's listeners.
   * @returns whether it will be told; false where some of the body has come before, and nothing was done
   */
  takeBody(contentLength: number, done: Received): boolean {
    if (this.complete || this.readableDidRead || this.readableLength > 0) return false;
    this.#body = new SmallBody(contentLength, done);
    // Marks the request as read: what nobody reads, Node reads and throws away after the answer.
    this._read(0);
    return true;
  }

  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    if (this.#body === undefined) return super.push(chunk, encoding);
    if (chunk !== null) {
      this.#body.add(chunk);
      return true;
    }
    // As a stream that was read to its end: Node asks before it lets go of the request.
    this.#isRead = true;
    this.#body.end();
    return false;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#body?.abandon();
    super._destroy(error, callback);
  }

  static {
    const inherited = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(IncomingMessage.prototype), 'readableEnded');
    Object.defineProperty(WholeRequest.prototype, 'readableEnded', {
      get(this: WholeRequest) {
        return this.#isRead || inherited?.get?.call(this);
      },
    });
  }
}
