import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSink } from '../../src/bytes/byte-sink.ts';
import type { Timing } from '../../src/contract/timing.ts';
import type { EncodingClock } from '../../src/wire/clock.ts';
import { writeResponse } from '../../src/wire/response-members.ts';

const ms = fc.oneof(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.constantFrom(0, 0.0004, 0.0005, 2_147_483.647, 3e6, 1e18));
const stages = fc.array(
  fc.record({ step: fc.constantFrom('attend', 'random-features', 'é"\\'), variable: fc.nat(16), ms, gflops: ms }),
  {
    maxLength: 3,
  },
);
const timings = fc.record({ decodeMs: ms, planMs: ms, queueMs: ms, computeMs: ms, measureMs: ms, stages });

function written(options: object, timing: Timing | undefined, style: 'ascii' | 'quoted', clock?: EncodingClock): string {
  const sink = new ByteSink();
  const envelope = { tensors: new Map(), options: options as Record<string, unknown>, ...(timing && { timing }) };
  writeResponse(sink, envelope, clock, style);
  return sink.join().toString('latin1');
}

const read = (text: string): Record<string, unknown> => JSON.parse(`{${text}}`);
const rounded = (value: number): number => Math.round(value * 1e3) / 1e3;

/** As the contract has it: three decimals, and how long writing took. */
function expected({ stages, ...spans }: Timing): object {
  const spent = Object.entries({ ...spans, encodeMs: 0, totalMs: 0 }).map(([name, value]) => [name, rounded(value)]);
  const ran = stages.map(({ step, variable, ms, gflops }) => ({ step, variable, ms: rounded(ms), gflops: rounded(gflops) }));
  return { ...Object.fromEntries(spent), stages: ran };
}

describe('the members of a response', () => {
  it('are the options and then the timing, to the letter as JSON.stringify writes them', () => {
    fc.assert(
      fc.property(timings, (timing) => {
        const text = JSON.stringify({ emptyRows: 2, timing: expected(timing) }).replaceAll('é', '\\u00e9');
        expect(`{${written({ emptyRows: 2 }, timing, 'ascii')}}`).toBe(text);
        expect(JSON.parse(`"{${written({ emptyRows: 2 }, timing, 'quoted')}}"`)).toBe(text);
      }),
    );
  });

  it('may be one of both, or none', () => {
    const timing = { decodeMs: 1, planMs: 0, queueMs: 0, computeMs: 0, measureMs: 0, stages: [] };
    expect(read(written({}, timing, 'ascii'))).toEqual({ timing: expected(timing) });
    expect(read(written({ a: 1 }, undefined, 'ascii'))).toEqual({ a: 1 });
    expect(written({}, undefined, 'ascii')).toBe('');
  });

  it('say how long writing has taken by then', () => {
    const timing = { decodeMs: 1, planMs: 0, queueMs: 0, computeMs: 0, measureMs: 0, stages: [] };
    const startedMs = performance.timeOrigin + performance.now() - 250;
    const { encodeMs, totalMs } = read(written({}, timing, 'ascii', { startedMs, elapsedMs: 40 })).timing as Record<string, number>;
    expect(encodeMs).toBeGreaterThanOrEqual(250);
    expect(encodeMs).toBeLessThan(60_000);
    expect((totalMs as number) - (encodeMs as number)).toBeCloseTo(40, 2);
  });
});
