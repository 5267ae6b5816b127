import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readBody: (request: FastifyRequest, payload: Readable, accepted: AcceptedBodies) => Promise<Uint8Array>;
  }
  interface FastifyRequest {
    /** Memory that the body holds until the answer is out; small bodies count as nothing. */
    heldBytes: number;
  }
}

export interface AcceptedBodies {
  /** Content types; '*' for any and for none. */
  readonly mediaTypes: readonly string[];
  /** Whether gzip and deflate are taken. */
  readonly inflates?: boolean;
  /** Which position of the body shall be aligned to 8 bytes. */
  readonly alignedAt?: (request: FastifyRequest) => number;
}

/** How a stream becomes bytes; `src/wire` does it. */
export type Receive = (
  source: Readable,
  incoming: { contentLength: number | undefined; contentEncoding: string | undefined; alignedAt: number },
  limits: { maxBodyBytes: number; inflates: boolean; admit: (bytes: number) => void },
) => Promise<Uint8Array>;

export interface BodiesOptions {
  readonly receive: Receive;
  readonly maxBodyBytes: number;
  /** Of all large bodies together. */
  readonly maxHeldBytes: number;
  /** Told when the memory of a large body is no longer used: the body itself, where it arrived. */
  readonly released?: (bytes: number, body: unknown) => void;
}

/** Bodies reach the routes as bytes: the codecs of `src/wire` read them, and nothing else does. JSON is taken unless a scope says otherwise. */
export const bodies = fp(async (app: FastifyInstance, { receive, maxBodyBytes, maxHeldBytes, released }: BodiesOptions) => {
  let held = 0;
  app.decorateRequest('heldBytes', 0);
  app.decorate('readBody', async (request, payload, { inflates = false, alignedAt }) => {
    const { 'content-length': length, 'content-encoding': contentEncoding } = request.headers;
    const contentLength = length === undefined ? undefined : Number(length);
    const admit = (bytes: number): void => {
      if (held + bytes > maxHeldBytes) {
        const detail = `Large bodies under way hold ${held} bytes, this one may take ${bytes}, and MAX_INFLIGHT_BYTES is ${maxHeldBytes}`;
        fail('overloaded', detail, {
          limit: maxHeldBytes,
          actual: held + bytes,
          setting: 'MAX_INFLIGHT_BYTES',
          retryAfterSeconds: 1,
        });
      }
      held += bytes;
      request.heldBytes = bytes;
    };
    const incoming = { contentLength, contentEncoding, alignedAt: alignedAt?.(request) ?? 0 };
    const body = await receive(payload, incoming, { maxBodyBytes, inflates, admit });
    request.stopwatch.spans.receive = request.stopwatch.elapsed();
    return body;
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'POST') {
      reply.raw.once('close', () => {
        const { heldBytes } = request;
        held -= heldBytes;
        request.heldBytes = 0;
        if (heldBytes > 0) released?.(heldBytes, request.body);
      });
    }
    done();
  });
  acceptBodies(app, { mediaTypes: ['application/json'] });
  // The documents' schemas are zod; the contract applies them where they have to hold, and responses are trusted.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
});

/** Replaces what bodies the routes of a scope take. */
export function acceptBodies(scope: FastifyInstance, accepted: AcceptedBodies): void {
  scope.removeAllContentTypeParsers();
  for (const type of accepted.mediaTypes) {
    scope.addContentTypeParser(type, (request: FastifyRequest, payload: Readable) => scope.readBody(request, payload, accepted));
  }
}
