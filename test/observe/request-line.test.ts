import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { loggerOptions } from '../../src/observe/log.ts';
import { type RequestEntry, requestLine, requestMembers } from '../../src/observe/request-line.ts';

/** The line of a request is written by hand, and is what pino writes. */

const PLAN = Object.freeze({ class: 'tree', algorithm: 'tree-messages', backend: 'native', flops: 1536, rows: [8, 8] });
const RUN = { plan: PLAN, decodeMs: 0.1234, planMs: 0, queueMs: 12.5, computeMs: 1234.5678 };
const ENTRY: RequestEntry = {
  ...{ reqId: 'one', method: 'POST', route: '/v1/attention', status: 200, ms: 1.9999 },
  ...{ run: undefined, code: undefined },
};

function pinoLine(entry: RequestEntry, message: string): Record<string, unknown> {
  const lines: string[] = [];
  const log = pino(loggerOptions('info'), { write: (line) => void lines.push(line) });
  log.info(requestMembers(entry), message);
  return JSON.parse(lines[0] as string);
}

describe('requestLine', () => {
  it.each([
    ['a probe', ENTRY],
    ['a run', { ...ENTRY, run: RUN }],
    ['the same plan again', { ...ENTRY, run: { ...RUN, decodeMs: 2 } }],
    ['a refusal', { ...ENTRY, status: 422, code: 'invalid_request' }],
    ['an odd name and route', { ...ENTRY, reqId: 'a"b\\c', route: '/v2/models/:model/"é"' }],
  ])('has the members that pino writes, of %s', (_, entry) => {
    const line = requestLine(entry, 'request', 1_700_000_000_000);
    expect(line.endsWith('}\n')).toBe(true);
    const { code, ...expected } = { ...pinoLine(entry, 'request'), time: 1_700_000_000_000 } as Record<string, unknown>;
    expect(JSON.parse(line)).toEqual(code === undefined ? expected : { ...expected, code });
    const first = Object.keys(JSON.parse(line)).slice(0, 4);
    expect(first).toEqual(Object.keys(pinoLine(entry, 'request')).slice(0, 4));
  });
});

describe('requestMembers', () => {
  it('names plan and times of a run beside the request, rounded', () => {
    const members = { ...PLAN, decodeMs: 0.123, planMs: 0, queueMs: 12.5, computeMs: 1234.568 };
    expect(requestMembers({ ...ENTRY, run: RUN })).toEqual({ ...ENTRY, ms: 2, ...members });
  });
});
