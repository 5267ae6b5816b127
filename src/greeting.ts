import type { Machine } from './plan/plan.ts';
import type { SelfTestLine } from './self-test.ts';

/** What `npm start` prints once the service answers: the address, the back ends, and one request to try. */
export function greeting(address: string, machine: Machine, selfTest: readonly SelfTestLine[]): string {
  const loaded = [...machine.backends, ...(machine.named ?? [])].map(({ name, isa, device, mode, kernel, rates }) => {
    const tested = selfTest.find(({ backend }) => backend === name);
    const gflops = ((rates.float32 ?? rates.float64)?.flopsPerSecond ?? 0) / 1e9;
    const error = tested ? `, self-test error ${tested.maxAbsError.toExponential(1)}${tested.ok ? '' : ', TOO LARGE'}` : '';
    return `  ${name.padEnd(10)} ${[isa, mode, kernel, device].filter(Boolean).join(', ')}: ${gflops.toPrecision(3)} GFLOP/s per thread${error}`;
  });
  const absent = Object.entries(machine.unavailable).map(([name, reason]) => `  ${name.padEnd(10)} not loaded: ${reason}`);
  const body = '{"mechanism":"path(3)","tensors":{"q1":[[1,0],[0,1]],"q2":[[0,1],[1,0]],"q3":[[1,1],[0,1]],"v3":[[1,2],[3,4]]}}';
  return [
    '',
    `PolyAttention serves ${address} with ${machine.threads} compute threads`,
    ...loaded,
    ...absent,
    `  documentation: ${address}/docs`,
    'Try:',
    `  curl -s ${address}/v1/attention -H 'content-type: application/json' -d '${body}'`,
    '',
  ].join('\n');
}
