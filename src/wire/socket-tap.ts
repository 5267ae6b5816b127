import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/**
 * A body read past Node's HTTP parser. The parser copies every piece of 64 KiB into memory of its own, which is touched for the first time
 * and left to the collector: more than half of the 3.9 ms in which 5.2 MB arrived. Here the socket is read into one buffer, the body is
 * copied from there, and the parser is shown the same bytes while nobody listens to it: it counts them, and ends the message itself.
 *
 * Nothing of this is in Node's documentation. Where a part is not as expected (`partsOf`), the body comes the documented way, by the
 * stream's events; test/wire/socket-tap.test.ts fails on a Node of which that is so.
 *
 * Tried: reading into the body's own memory, 1.8 ms as well, and a stale buffer would be written to; pieces of 128 KiB to 1 MiB, 1.7 to 1.8 ms.
 */

/** As much as the parser reads at once. One for all sockets: a read and what is done with it are one turn of the event loop. */
const staging = Buffer.alloc(1 << 16);

/** The parser's listeners, by their numbers: who gets pieces of a body, and who is told what became of a read. */
const ON_BODY = 3;
const ON_EXECUTE = 5;

interface Parser {
  readonly incoming: unknown;
  execute(bytes: Uint8Array): number | Error;
  /** Takes all that the handle reads, until `unconsume`. */
  consume(handle: Handle): void;
  unconsume(): void;
  [ON_BODY]: ((piece: Buffer) => void) | null;
  [ON_EXECUTE]: (outcome: number | Error) => void;
}

interface Handle {
  /** Has reads that no parser takes written to a buffer, as long as the handle lives. */
  useUserBuffer(buffer: Uint8Array): void;
}

/** How the socket reads into a buffer of its user's: the buffer, what is called after a read, and what gives the next buffer. */
type ReadingSocket = Socket & Record<symbol, unknown>;

interface Parts {
  readonly socket: ReadingSocket;
  readonly parser: Parser;
  readonly handle: Handle;
  readonly buffer: symbol;
  readonly onRead: symbol;
  readonly nextBuffer: symbol;
}

/** Who takes a body: it says what it still misses, and has copied a chunk when it returns. */
export interface BodyTaker {
  missing(): number;
  take(chunk: Uint8Array): void;
}

/** Handles that read into `staging` where no parser takes what they read. */
const prepared = new WeakSet<Handle>();

/**
 * Hands what the socket brings of a body straight to its taker, in order with what comes by the stream's events; the stream ends by itself.
 * @returns what gives the socket back to the parser, to be called when the body has ended or is no longer wanted; null where Node does not
 * have what it takes: all of the body comes by the stream's events then
 */
export function tapSocket(source: Readable, taker: BodyTaker): (() => void) | null {
  const parts = partsOf(source);
  if (parts === null) return null;
  const { parser, handle } = parts;
  let isOver = false;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    rest(parts);
    if (partsOf(source)?.parser === parser) parser.consume(handle);
  };
  const onRead = (chunk: Buffer): void => {
    // What came before has to be taken first, and the next request is none of ours.
    if (source.readableLength > 0 || chunk.length > taker.missing()) {
      show(parser, Buffer.from(chunk));
      return;
    }
    taker.take(chunk);
    showInSilence(parser, chunk);
    if (taker.missing() === 0) stop();
  };
  parser.unconsume();
  if (!prepared.has(handle)) handle.useUserBuffer(staging);
  prepared.add(handle);
  readBy(parts, onRead, () => staging.subarray(0, taker.missing()));
  return stop;
}

function readBy({ socket, buffer, onRead, nextBuffer }: Parts, read: (chunk: Buffer) => unknown, next: () => Buffer): void {
  socket[buffer] = staging;
  socket[onRead] = (bytes: number) => read(staging.subarray(0, bytes));
  socket[nextBuffer] = next;
}

/** What is read while no parser takes it, now or later, becomes the socket's own events, as it would without a buffer of ours. */
function rest(parts: Parts): void {
  readBy(
    parts,
    (chunk) => parts.socket.push(Buffer.from(chunk)),
    () => staging,
  );
}

/** As Node does with what it reads. */
function show(parser: Parser, chunk: Buffer): void {
  parser[ON_EXECUTE](parser.execute(chunk));
}

/** Without a listener the parser makes no copy. */
function showInSilence(parser: Parser, chunk: Buffer): void {
  const onBody = parser[ON_BODY];
  parser[ON_BODY] = null;
  try {
    show(parser, chunk);
  } finally {
    parser[ON_BODY] = onBody;
  }
}

/** All that this needs of Node; null where a part is missing or looks otherwise, or where the source is not what the socket brings now. */
function partsOf(source: Readable): Parts | null {
  if (!(source instanceof IncomingMessage)) return null;
  const socket = source.socket as ReadingSocket & { readonly parser?: unknown; readonly _handle?: unknown };
  if (Object.getPrototypeOf(socket) !== Socket.prototype || socket.destroyed) return null;
  const { parser, _handle: handle } = socket;
  if (!isParser(parser) || parser.incoming !== source || !isHandle(handle)) return null;
  const member = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]));
  const [buffer, onRead, nextBuffer] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) => member.get(name));
  if (buffer === undefined || onRead === undefined || nextBuffer === undefined) return null;
  return { socket, parser, handle, buffer, onRead, nextBuffer };
}

function isParser(value: unknown): value is Parser {
  const parser = (value ?? {}) as Partial<Parser>;
  const functions = [parser.execute, parser.consume, parser.unconsume, parser[ON_BODY], parser[ON_EXECUTE]];
  return functions.every((one) => typeof one === 'function') && parser[ON_BODY]?.name === 'parserOnBody';
}

function isHandle(value: unknown): value is Handle {
  return typeof (value as Partial<Handle> | null)?.useUserBuffer === 'function';
}
