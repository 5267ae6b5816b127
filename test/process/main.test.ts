import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startService } from '../helpers/process.ts';

/** The process itself: what it says, and how it starts and stops. */

const CURL = /^ {2}curl -s (\S+) -H 'content-type: application\/json' -d '(.*)'$/m;
/** However slow the machine was when it was measured, and however long the work takes. */
const PATIENT = { MAX_SYNC_SECONDS: '3000', REQUEST_TIMEOUT_MS: '3000000', MAX_QUEUE_SECONDS: '3000' };

// Processes start in a second, and in ten on a machine that is busy with other things.
const PROCESSES = { timeout: 120_000 };

describe('a start', PROCESSES, () => {
  it('says where it serves and on which back ends, and gives a request that works', async () => {
    const service = startService({ LOG_LEVEL: 'silent', BACKENDS: 'all' });
    const [, url = '', body = ''] = await service.says(CURL);
    const address = url.replace('/v1/attention', '');
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(service.stdout()).toContain(`PolyAttention serves ${address} with 2 compute threads`);
    expect(service.stdout()).toContain(`documentation: ${address}/docs`);
    const { backends } = (await (await fetch(`${address}/v1/backends`)).json()) as {
      backends: { name: string; available: boolean }[];
    };
    const lines = { loaded: 'GFLOP/s per thread, self-test error \\d', absent: 'not loaded: .+' };
    for (const { name, available } of backends) {
      // A device may have come up since.
      const line = name.endsWith('gpu') ? `(${lines.loaded}|${lines.absent})` : available ? lines.loaded : lines.absent;
      expect(service.stdout()).toMatch(new RegExp(`^ {2}${name} .*${line}`, 'm'));
    }
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(200);
    const { output } = (await answer.json()) as { output: { shape: number[]; data: number[] } };
    expect(output.shape).toEqual([2, 2]);
    expect(output.data.every((value) => value > 1 && value < 4)).toBe(true);
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    expect(service.stderr()).toBe('');
  });

  it('loads only what BACKENDS names', async () => {
    const service = startService({ LOG_LEVEL: 'silent', BACKENDS: 'reference' });
    const [, url = ''] = await service.says(CURL);
    expect(service.stdout()).toMatch(/^ {2}reference /m);
    expect(service.stdout()).not.toMatch(/native|gpu/);
    const { backends } = (await (await fetch(url.replace('attention', 'backends'))).json()) as {
      backends: { available: boolean }[];
    };
    expect(backends.filter(({ available }) => available)).toHaveLength(1);
  });

  it('fails with 1 and names the port that is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as { port: number };
    const service = startService({ LOG_LEVEL: 'silent', BACKENDS: 'reference', PORT: String(port) });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr()).toMatch(new RegExp(`address already in use.*:${port}`));
    expect(service.stderr()).not.toMatch(/\n {4}at /);
    holder.close();
  });

  it.each([
    [{ PORT: 'http' }, /PORT: .*'http'/],
    [{ MAX_JSON_BYTES: '200', MAX_BODY_BYTES: '100' }, /MAX_JSON_BYTES \(200\) exceeds MAX_BODY_BYTES \(100\)/],
  ] as [Record<string, string>, RegExp][])('fails with 1 and names what is wrong in %j', async (settings, message) => {
    const service = startService(settings);
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr()).toMatch(message);
    expect(service.stderr()).not.toMatch(/\n {4}at /);
    expect(service.stdout()).toBe('');
  });
});

describe('a stop', PROCESSES, () => {
  const tensor = { shape: [320, 16], data: Array.from({ length: 320 * 16 }, (_, i) => Math.sin(i)) };
  const tensors = Object.fromEntries(['q1', 'q2', 'q3', 'v2', 'v3'].map((name) => [name, tensor]));
  const large = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mechanism: 'tensor(3)', tensors }),
  };

  it('by SIGTERM turns readiness off first, finishes what runs, and ends with 0', async () => {
    const service = startService({ BACKENDS: 'reference', DRAIN_MS: '300', ...PATIENT });
    const [, url = ''] = await service.says(CURL);
    const readyz = url.replace('/v1/attention', '/readyz');
    expect((await fetch(readyz)).status).toBe(200);
    const running = fetch(url, large);
    await delay(250);
    service.child.kill('SIGTERM');
    await service.says(/"draining"/);
    const probe = await fetch(readyz);
    expect([probe.status, probe.headers.get('retry-after')]).toEqual([503, '5']);
    // New work is still taken while load balancers look away.
    expect((await fetch(url.replace('attention', 'mechanisms'))).status).toBe(200);
    const answer = await running;
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { emptyRows: number }).emptyRows).toBe(0);
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(service.stdout().trimEnd()).toMatch(/"msg":"closed"\}$/);
    await expect(fetch(readyz)).rejects.toThrow();
  });

  it('by SIGINT finishes what runs without waiting before, and ends with 0', async () => {
    // A drain this long would not fit into the test.
    const service = startService({ BACKENDS: 'reference', DRAIN_MS: '600000', ...PATIENT });
    const [, url = ''] = await service.says(CURL);
    const running = fetch(url, large);
    await delay(250);
    service.child.kill('SIGINT');
    expect((await running).status).toBe(200);
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });
});
