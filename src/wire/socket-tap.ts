import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/**
 * A body read past Node's HTTP parser. The parser copies every piece of 64 KiB into memory of its own, which is touched for the first time
 * and left to the collector: more than half of the 3.9 ms in which 5.2 MB arrived. Here the socket is read into the body's own memory, and
 * the parser is shown the bytes there while nobody listens to it: it counts them, and ends the message itself.
 *
 * Nothing of this is in Node's documentation. Where a part is not as expected (`partsOf`), the body comes the documented way, by the
 * stream's events; test/wire/socket-tap.test.ts fails on a Node of which that is so.
 *
 * A socket's reads go to the buffer that it was given last, as long as it lives, so the one rule here is that no buffer outlives what may be
 * written to it: after a body the socket has `staging` again; of a body that was given up the memory is not used again, and the socket holds it.
 */

/** Where the first piece of a body is read to, while pieces before it may still be on their way as events. It serves all sockets. */
const staging = Buffer.alloc(1 << 16);
/** The most that is read at once. */
const PIECE_BYTES = 1 << 18;

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

/** Where a body goes: to the room that is left for it, of which so many bytes were taken; null where it shall not come this way. */
export interface BodyTaker {
  readonly room: Buffer | null;
  took(bytes: number): void;
}

/** Handles that read into a buffer of ours where no parser takes what they read. */
const prepared = new WeakSet<Handle>();

/**
 * Has the socket bring a body straight to its taker, in order with what comes by the stream's events; the stream ends by itself.
 * @returns what gives the socket back to the parser, to be called when the body has ended or is no longer wanted; null where the body comes
 * by the stream's events alone: it has no room, or Node does not have what it takes
 */
export function tapSocket(source: Readable, taker: BodyTaker): (() => void) | null {
  const parts = taker.room === null ? null : partsOf(source);
  if (parts === null) return null;
  const { socket, parser, handle } = parts;
  let isOver = false;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    rest(parts);
    if (partsOf(source)?.parser === parser) parser.consume(handle);
  };
  const onRead = (piece: Buffer): void => {
    const room = taker.room as Buffer;
    if (piece.buffer === staging.buffer) {
      // What came before has to be taken first, and the next request is none of ours.
      if (source.readableLength > 0 || piece.length > room.length) {
        show(parser, Buffer.from(piece));
        return;
      }
      room.fill(piece, 0, piece.length);
    }
    taker.took(piece.length);
    showInSilence(parser, piece);
    if (piece.length === room.length) stop();
  };
  const next = (): Buffer => {
    const room = taker.room as Buffer;
    return source.readableLength > 0 || room.length === 0 ? staging : room.subarray(0, PIECE_BYTES);
  };
  parser.unconsume();
  if (!prepared.has(handle)) {
    handle.useUserBuffer(staging);
    socket[parts.buffer] = staging;
    prepared.add(handle);
  }
  readBy(parts, onRead, next);
  return stop;
}

/** From the next read on; the buffer of that one is what the socket has. */
function readBy({ socket, onRead, nextBuffer }: Parts, read: (piece: Buffer) => unknown, next: () => Buffer): void {
  socket[onRead] = (bytes: number, buffer: Buffer) => read(buffer.subarray(0, bytes));
  socket[nextBuffer] = next;
}

/** What is read while no parser takes it, now or later, becomes the socket's own events, as it would without a buffer of ours. */
function rest(parts: Parts): void {
  const push = (piece: Buffer): boolean => parts.socket.push(Buffer.from(piece));
  readBy(parts, push, () => staging);
}

/** As Node does with what it reads. */
function show(parser: Parser, piece: Buffer): void {
  parser[ON_EXECUTE](parser.execute(piece));
}

/** Without a listener the parser makes no copy. */
function showInSilence(parser: Parser, piece: Buffer): void {
  const onBody = parser[ON_BODY];
  parser[ON_BODY] = null;
  try {
    show(parser, piece);
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
