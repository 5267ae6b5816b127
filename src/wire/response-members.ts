import type { ByteSink } from '../bytes/byte-sink.ts';
import type { Envelope } from '../contract/envelope.ts';
import type { StageTiming, Timing } from '../contract/timing.ts';
import { type EncodingClock, encodingMs } from './clock.ts';
import { nameOf, type StyleName, writeJson, writeMembers } from './json-value.ts';

/** The names before each number of a timing, with what stands between them. */
const TEXTS = { ascii: textsOf('ascii'), quoted: textsOf('quoted') };

function textsOf(style: StyleName) {
  const name = (text: string): string => nameOf(text, style);
  return {
    decode: `${name('timing')}{${name('decodeMs')}`,
    plan: `,${name('planMs')}`,
    queue: `,${name('queueMs')}`,
    compute: `,${name('computeMs')}`,
    measure: `,${name('measureMs')}`,
    encode: `,${name('encodeMs')}`,
    total: `,${name('totalMs')}`,
    stages: `,${name('stages')}[`,
    step: `{${name('step')}`,
    variable: `,${name('variable')}`,
    ms: `,${name('ms')}`,
    gflops: `,${name('gflops')}`,
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
  if (!isFirst) sink.text(',');
  writeTiming(sink, timing, clock, style);
}

function writeTiming(sink: ByteSink, timing: Timing, clock: EncodingClock | undefined, style: StyleName): void {
  const texts = TEXTS[style];
  sink.text(texts.decode);
  sink.thousandths(timing.decodeMs);
  sink.text(texts.plan);
  sink.thousandths(timing.planMs);
  sink.text(texts.queue);
  sink.thousandths(timing.queueMs);
  sink.text(texts.compute);
  sink.thousandths(timing.computeMs);
  sink.text(texts.measure);
  sink.thousandths(timing.measureMs);
  const encodeMs = clock === undefined ? 0 : encodingMs(clock);
  sink.text(texts.encode);
  sink.thousandths(encodeMs);
  sink.text(texts.total);
  sink.thousandths(clock === undefined ? 0 : clock.elapsedMs + encodeMs);
  sink.text(texts.stages);
  for (let i = 0; i < timing.stages.length; i++) {
    if (i > 0) sink.text(',');
    writeStage(sink, timing.stages[i] as StageTiming, style);
  }
  sink.text(']}');
}

function writeStage(sink: ByteSink, { step, variable, ms, gflops }: StageTiming, style: StyleName): void {
  const texts = TEXTS[style];
  sink.text(texts.step);
  writeJson(sink, step, style);
  sink.text(texts.variable);
  sink.integer(variable);
  sink.text(texts.ms);
  sink.thousandths(ms);
  sink.text(texts.gflops);
  sink.thousandths(gflops);
  sink.text('}');
}
