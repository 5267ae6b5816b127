import type { FastifyReply, FastifyRequest } from 'fastify';
import { fail } from '../../src/errors.ts';
import type { InferenceStatistics } from '../../src/observe/statistics.ts';
import type { Result } from '../../src/schedule/result.ts';
import { encodingMs } from '../../src/wire/clock.ts';
import { bodyOf } from '../body.ts';
import { compute } from '../computation.ts';
import { openExchange } from '../exchange.ts';
import type { Services } from '../services.ts';
import { chooseCompression, sendCompressed } from './compression.ts';
import { findModel, type Model } from './models.ts';
import { readInference } from './options.ts';
import { inferResponse } from './response.ts';

/** `POST /v2/models/{model}/infer`: the same decode → run → encode, in the Open Inference Protocol. */

export const HEADER_LENGTH = 'inference-header-content-length';

export type ModelRequest = FastifyRequest<{ Params: { model: string; version?: string } }>;

/** The length of the JSON before the tensors' bytes; undefined where the whole body is JSON. @throws ServiceError `malformed` */
export function headerLength({ headers }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const header = headers[HEADER_LENGTH];
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^\d{1,12}$/.test(header)) {
    fail('malformed', 'Inference-Header-Content-Length is a whole number of bytes, that of the JSON before the tensors');
  }
  return Number(header);
}

/** Answers one inference and counts it. */
export async function infer(
  request: ModelRequest,
  reply: FastifyReply,
  services: Services,
  statistics: InferenceStatistics,
): Promise<FastifyReply> {
  const model = findModel(request.params);
  const { stopwatch } = request;
  try {
    const { parts, isBinary, timing } = await respond(model, request, services);
    const { decode = 0, encode = 0 } = stopwatch.spans;
    const times = { total: stopwatch.elapsed(), queue: timing.queueMs, decode, compute: timing.computeMs, encode };
    statistics.succeeded(model.name, times);
    if (isBinary) reply.header(HEADER_LENGTH, String(parts[0]?.byteLength));
    // Exactly this content type, without a charset: one of the clients compares it as a string (serving.md §B.6).
    reply.header('content-type', isBinary ? 'application/octet-stream' : 'application/json');
    return sendCompressed(reply, parts, chooseCompression(request.headers['accept-encoding'], isBinary));
  } catch (error) {
    statistics.failed(model.name, stopwatch.elapsed());
    throw error;
  }
}

interface Response {
  readonly parts: readonly Uint8Array[];
  readonly isBinary: boolean;
  readonly timing: Result['timing'];
}

async function respond(model: Model, request: ModelRequest, services: Services): Promise<Response> {
  const { stopwatch } = request;
  const { wire } = services;
  const body = bodyOf(request);
  const exchange = openExchange(request, body, services.collect);
  const framing = { headerBytes: headerLength(request) };
  const envelope = await stopwatch.time('decode', () => wire.decode('oip', body, exchange, framing));
  const inference = readInference(model, envelope);
  const { result } = await compute(inference.envelope, request, exchange, services);
  const binary = inference.outputs.filter((output) => output.binary).map(({ name }) => name);
  const { endedMs } = result.timing;
  const clock = { startedMs: endedMs, elapsedMs: stopwatch.elapsedAt(endedMs) };
  const response = inferResponse(model, inference, result, stopwatch);
  const parts = await wire.encode('oip', response, { binary, clock }, exchange);
  stopwatch.spans.encode = encodingMs(clock);
  return { parts, isBinary: binary.length > 0, timing: result.timing };
}
