import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readBody: (request: FastifyRequest, payload: Readable, accepted: AcceptedBodies, done: Received) => void;
  }
}

export interface AcceptedBodies {
  /** Content types; '*' for any and for none. */
  readonly mediaTypes: readonly string[];
  /** Whether gzip and deflate are taken. */
  readonly inflates?: boolean;
  /** Which position of the body shall be aligned to 8 bytes. */
  readonly alignedAt?: (request: FastifyRequest) => number;
  /** Whether most of a body are float32. */
  readonly holdsFloats?: boolean;
}

/** Told the body, or why there is none. */
export type Received = (error: Error | null, body?: Uint8Array) => void;

/** How a stream becomes bytes; `src/wire` does it. */
export type Receive = (
  source: Readable,
  incoming: { contentLength: number | undefined; contentEncoding: string | undefined; alignedAt: number; holdsFloats: boolean },
  limits: { maxBodyBytes: number; inflates: boolean; admit: (bytes: number) => void },
) => Promise<Uint8Array>;

/** The same for the bodies that most requests have: so few bytes as were announced, and as they are. */
export interface ReceiveSmall {
  isSmall(contentLength: number | undefined, contentEncoding: string | undefined): contentLength is number;
  receive(source: Readable, contentLength: number, done: Received): void;
}

export interface BodiesOptions {
  readonly receive: Receive;
  readonly small: ReceiveSmall;
  readonly maxBodyBytes: number;
  /** Of all large bodies together. */
  readonly maxHeldBytes: number;
  /** Told when the memory of a large body is no longer used: the body itself, where it arrived. */
  readonly released?: (bytes: number, body: unknown) => void;
}

/** Bodies reach the routes as bytes: the codecs of `src/wire` read them, and nothing else does. JSON is taken unless a scope says otherwise. */
export const bodies = fp(async (app: FastifyInstance, { receive, small, maxBodyBytes, maxHeldBytes, released }: BodiesOptions) => {
  let held = 0;
  const admit = (request: FastifyRequest, bytes: number): void => {
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
    request.ending.add(() => {
      held -= bytes;
      released?.(bytes, request.body);
    });
  };
  app.decorate('readBody', (request, payload, { inflates = false, alignedAt, holdsFloats = false }, done) => {
    const { 'content-length': length, 'content-encoding': contentEncoding } = request.headers;
    const contentLength = length === undefined ? undefined : Number(length);
    const received = (error: Error | null, body?: Uint8Array): void => {
      request.stopwatch.spans.receive = request.stopwatch.elapsed();
      done(error, body);
    };
    if (small.isSmall(contentLength, contentEncoding) && contentLength <= maxBodyBytes) {
      small.receive(payload, contentLength, received);
      return;
    }
    const incoming = { contentLength, contentEncoding, alignedAt: alignedAt?.(request) ?? 0, holdsFloats };
    const limits = { maxBodyBytes, inflates, admit: (bytes: number) => admit(request, bytes) };
    receive(payload, incoming, limits).then((body) => received(null, body), received);
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
    scope.addContentTypeParser(type, (request: FastifyRequest, payload: Readable, done: Received) =>
      scope.readBody(request, payload, accepted, done),
    );
  }
}
