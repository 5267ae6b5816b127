import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ascii, type ByteSink } from '../src/bytes/byte-sink.ts';
import { writeOwnLines } from '../src/plugins/request-log.ts';
import { type HeaderLines, listOf, WholeResponse } from '../src/plugins/whole-response.ts';
import { joinParts } from '../src/wire/codec.ts';

/** Above this, joining parts costs more than sending them one by one. */
const JOINED_BYTES = 1 << 18;
const NOTHING = new Uint8Array(0);

/** The body's bytes; none where the request has no body. */
export function bodyOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : NOTHING;
}

/** Sends a body that was written in parts; large ones go out from the memory they are in. */
export function sendParts(reply: FastifyReply, parts: readonly Uint8Array[]): FastifyReply {
  const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  reply.header('content-length', String(bytes));
  return reply.send(bytes <= JOINED_BYTES ? joinParts(parts) : Readable.from(parts));
}

/**
 * Sends a body that is one piece, past Fastify's own way out, which is a tenth of a small request's time: what it does is to look at the content
 * type, to call the hooks, and to write these headers.
 */
export function sendWhole(request: FastifyRequest, reply: FastifyReply, contentType: string, body: Uint8Array): void {
  const { raw } = reply;
  const header = new AnswerHeader(request, contentType, body.byteLength);
  // Fastify's inject has a response of its own.
  if (raw instanceof WholeResponse) raw.answer(header, body);
  else raw.writeHead(200, listOf(header)).end(body, null as never);
  // Not before: what is thrown until here can still be answered.
  reply.hijack();
}

const CONTENT_TYPE = ascii('content-type: ');
const CONTENT_LENGTH = ascii('\r\ncontent-length: ');
const END_OF_LINE = ascii('\r\n');

class AnswerHeader implements HeaderLines {
  readonly #request: FastifyRequest;
  readonly #contentType: string;
  readonly #contentLength: number;

  constructor(request: FastifyRequest, contentType: string, contentLength: number) {
    this.#request = request;
    this.#contentType = contentType;
    this.#contentLength = contentLength;
  }

  write(sink: ByteSink): void {
    sink.literal(CONTENT_TYPE);
    sink.text(this.#contentType);
    sink.literal(CONTENT_LENGTH);
    sink.integer(this.#contentLength);
    sink.literal(END_OF_LINE);
    writeOwnLines(sink, this.#request);
  }
}
