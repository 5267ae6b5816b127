import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Envelope } from '../src/contract/envelope.ts';
import { encodingMs } from '../src/wire/clock.ts';
import type { FormatName } from '../src/wire/formats.ts';
import { bodyOf, sendParts, sendWhole } from './body.ts';
import { type Computation, compute, responseOf } from './computation.ts';
import { type Exchange, openExchange } from './exchange.ts';
import { Lockstep, type Stage, walk } from './lockstep.ts';
import type { Services } from './services.ts';
import { after, later, type Soon } from './soon.ts';

/** What an answer is written in. */
export interface Written {
  readonly format: FormatName;
  readonly contentType: string;
}

/** Bodies up to this long go together: of longer ones a stage takes so long that nothing is gained, and the first would wait for the last. */
const TOGETHER_BYTES = 1 << 13;

/**
 * Answers a request: decode → run → encode → send.
 * @param given the format of the body
 * @returns nothing where no promise has to be waited for: Fastify's reply is sent in any case
 */
export function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  given: FormatName,
  written: Written,
  services: Services,
): Promise<FastifyReply> | undefined {
  const body = bodyOf(request);
  const one = new Answer(request, reply, body, given, written, services);
  if (body.byteLength > TOGETHER_BYTES) return later(after(walk(one, STAGES), () => reply));
  together.add(one);
  return undefined;
}

/** One request on its way; each stage leaves what it made for the next. */
class Answer {
  readonly reply: FastifyReply;
  readonly #request: FastifyRequest;
  readonly #body: Uint8Array;
  readonly #given: FormatName;
  readonly #written: Written;
  readonly #services: Services;
  readonly #exchange: Exchange;
  #envelope: Envelope | undefined;
  #computation: Computation | undefined;
  #parts: readonly Uint8Array[] = [];

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    body: Uint8Array,
    given: FormatName,
    written: Written,
    services: Services,
  ) {
    this.reply = reply;
    this.#request = request;
    this.#body = body;
    this.#given = given;
    this.#written = written;
    this.#services = services;
    this.#exchange = openExchange(request, body, services.collect);
  }

  decode(): Soon<void> {
    const { wire } = this.#services;
    const exchange = this.#exchange;
    const read = (): Soon<Envelope> =>
      wire.decodeNow(this.#given, this.#body, {}, exchange.lease) ?? wire.decode(this.#given, this.#body, exchange);
    return after(this.#request.stopwatch.time('decode', read), (envelope) => {
      this.#envelope = envelope;
    });
  }

  compute(): Soon<void> {
    const computed = compute(this.#envelope as Envelope, this.#request, this.#exchange, this.#services);
    return after(computed, (computation) => {
      this.#computation = computation;
    });
  }

  encode(): Soon<void> {
    const { attention, result } = this.#computation as Computation;
    const { stopwatch } = this.#request;
    const { format } = this.#written;
    const { wire } = this.#services;
    const { endedMs } = result.timing;
    const clock = { startedMs: endedMs, elapsedMs: stopwatch.elapsedAt(endedMs) };
    const options = { encoding: attention.output.encoding, clock };
    const response = responseOf(result, this.#request);
    return after(wire.encodeNow(format, response, options) ?? wire.encode(format, response, options, this.#exchange), (parts) => {
      stopwatch.spans.encode = encodingMs(clock);
      this.#parts = parts;
    });
  }

  send(): void {
    const { contentType } = this.#written;
    const [first] = this.#parts;
    if (this.#parts.length === 1 && first) sendWhole(this.#request, this.reply, contentType, first);
    else sendParts(this.reply.header('content-type', contentType), this.#parts);
  }
}

const STAGES: readonly Stage<Answer>[] = [
  (one) => one.decode(),
  (one) => one.compute(),
  (one) => one.encode(),
  (one) => one.send(),
];

const together = new Lockstep(STAGES, ({ reply }, error) => reply.send(error));
