import { describe, expect, it } from 'vitest';
import { soak } from '../../../bench/soak.ts';

/** As many requests as a test run has time for; `node bench/soak.ts` sends 2,000 to each, and looks at the service's own memory too. */

describe.each([
  { backend: 'gpu', gpuMode: 'headlessgl' },
  { backend: 'gpu', gpuMode: 'webasm' },
  { backend: 'webgpu', gpuMode: 'auto' },
] as const)('many small requests of mixed shape on $backend ($gpuMode)', ({ backend, gpuMode }) => {
  it('leave no memory, no process and no failure behind', async () => {
    const requests = 200;
    const { device, ...rest } = await soak({ backend, gpuMode, warmUp: requests, requests });
    expect(rest).toMatchObject({ answered: 2 * requests, failovers: 0, restarts: 0, remains: null });
    expect(device[1] / device[0]).toBeLessThan(1.05);
  });
});
