import { pipeline, Readable } from 'node:stream';
import { constants, createDeflate, createGzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { sendParts } from '../body.ts';

/** Below this, compression costs more than it saves. */
const WORTHWHILE_BYTES = 1024;
const LEVEL = constants.Z_BEST_SPEED;

export type Compression = 'gzip' | 'deflate';

/**
 * How to compress an answer, if at all: never with what the protocol's clients cannot undo. Text shrinks, so it is compressed for whoever
 * takes it; tensors hardly do, and HTTP libraries ask for everything they know, so bytes are compressed only for who asks for one thing.
 */
export function chooseCompression(header: string | undefined, isBinary: boolean): Compression | null {
  const taken = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((piece) => piece.trim()))
    .filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? ''))
    .map(([name = '']) => name)
    .filter((name) => name !== '' && name !== 'identity');
  const known = taken.filter((name) => name === 'gzip' || name === 'deflate');
  const [first] = known;
  if (first === undefined || (isBinary && taken.length > 1)) return null;
  return known.includes('gzip') ? 'gzip' : 'deflate';
}

/** Sends the parts of an answer, compressed where that is worth it. */
export function sendCompressed(reply: FastifyReply, parts: readonly Uint8Array[], compression: Compression | null): FastifyReply {
  reply.header('vary', 'accept-encoding');
  const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (compression === null || bytes < WORTHWHILE_BYTES) return sendParts(reply, parts);
  const packed = compression === 'gzip' ? createGzip({ level: LEVEL }) : createDeflate({ level: LEVEL });
  // An error destroys both ends; the reply sees it on the stream that it was given.
  pipeline(Readable.from(parts), packed, () => {});
  return reply.header('content-encoding', compression).send(packed);
}
