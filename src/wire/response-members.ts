import { ascii, type ByteSink } from '../bytes/byte-sink.ts';
import type { Envelope } from '../contract/envelope.ts';
import type { StageTiming, Timing } from '../contract/timing.ts';
import { type EncodingClock, encodingMs } from './clock.ts';
import { nameOf, type StyleName, writeJson, writeMembers } from './json-value.ts';

const COMMA = ascii(',');
const END_OF_STAGE = ascii('}');
const END = ascii(']}');

/** The names before each number of a timing, with what stands between them. */
const TEXTS = { ascii: textsOf('ascii'), quoted: textsOf('quoted') };

function textsOf(style: StyleName) {
  const name = (text: string): string => nameOf(text, style);
  return {
    decode: ascii(`${name('timing')}{${name('decodeMs')}`),
    plan: ascii(`,${name('planMs')}`),
    queue: ascii(`,${name('queueMs')}`),
    compute: ascii(`,${name('computeMs')}`),
    measure: ascii(`,${name('measureMs')}`),
    encode: ascii(`,${name('encodeMs')}`),
    total: ascii(`,${name('totalMs')}`),
    stages: ascii(`,${name('stages')}[`),
    step: ascii(`{${name('step')}`),
    variable: ascii(`,${name('variable')}`),
    ms: ascii(`,${name('ms')}`),
    gflops: ascii(`,${name('gflops')}`),
  };
}

/**
 * Writes the members of a response but its tensors, after a comma unless they come first; its timing last, which says how long encoding took until
 * then. Timings have the same dozen members in every response: by name they take half the time of being looked at as any object.
 */
export function writeResponse(
  sink: ByteSink,
  { options, timing }: Envelope,
  clock: EncodingClock | undefined,
  style: StyleName,
  comesFirst = true,
): void {
  const isFirst = writeMembers(sink, options, style, comesFirst);
  if (timing === undefined) return;
  if (!isFirst) sink.literal(COMMA);
  writeTiming(sink, timing, clock, style);
}

function writeTiming(sink: ByteSink, timing: Timing, clock: EncodingClock | undefined, style: StyleName): void {
  const texts = TEXTS[style];
  sink.literal(texts.decode);
  sink.thousandths(timing.decodeMs);
  sink.literal(texts.plan);
  sink.thousandths(timing.planMs);
  sink.literal(texts.queue);
  sink.thousandths(timing.queueMs);
  sink.literal(texts.compute);
  sink.thousandths(timing.computeMs);
  sink.literal(texts.measure);
  sink.thousandths(timing.measureMs);
  const encodeMs = clock === undefined ? 0 : encodingMs(clock);
  sink.literal(texts.encode);
  sink.thousandths(encodeMs);
  sink.literal(texts.total);
  sink.thousandths(clock === undefined ? 0 : clock.elapsedMs + encodeMs);
  sink.literal(texts.stages);
  for (let i = 0; i < timing.stages.length; i++) {
    if (i > 0) sink.literal(COMMA);
    writeStage(sink, timing.stages[i] as StageTiming, style);
  }
  sink.literal(END);
}

function writeStage(sink: ByteSink, { step, variable, ms, gflops }: StageTiming, style: StyleName): void {
  const texts = TEXTS[style];
  sink.literal(texts.step);
  writeJson(sink, step, style);
  sink.literal(texts.variable);
  sink.integer(variable);
  sink.literal(texts.ms);
  sink.thousandths(ms);
  sink.literal(texts.gflops);
  sink.thousandths(gflops);
  sink.literal(END_OF_STAGE);
}
