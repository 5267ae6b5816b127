import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { buildTestApp } from '../helpers/app.ts';

/** examples/sweep, as it is called on the command line, with the client that it is written for. */

const ROOT = resolve(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'examples/sweep/sweep.py');
const NAMES = ['self', 'path(3)', 'star(3), weighted', 'strassen', 'tensor(3)'];

it('times every polynomial at every size, and plots what it measured', async () => {
  const app = await buildTestApp({ BACKENDS: 'native,reference' });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'polyattention-sweep-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sweep.svg');
  const env = { ...process.env, PYTHONPATH: join(ROOT, 'clients/python') };
  const { stdout, stderr } = await promisify(execFile)(join(ROOT, '.venv/bin/python'), [PROGRAM, url, '64', file], { env });
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  expect(lines.at(-1)).toBe(`the plot is in ${file}`);
  for (const [index, [name, exponent]] of [2, 2, 2, 3, 3].map((power, i) => [NAMES[i] as string, power] as const).entries())
    expect(lines[index]).toMatch(
      new RegExp(`^${name.replace(/[()]/g, '\\$&')} +n\\^${exponent} +32: [\\d.e-]+ ms 64: [\\d.e-]+ ms$`),
    );

  const svg = readFileSync(file, 'utf8');
  const curves = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) => points.split(' '));
  expect(curves.map((points) => points.length)).toEqual(NAMES.map(() => 2));
  // Every point is within the picture, and its place is the time that was printed: logarithmic, the larger the higher.
  const printed = lines.slice(0, NAMES.length).map((line) => [...line.matchAll(/: ([\d.e-]+) ms/g)].map(([, ms]) => Number(ms)));
  const points = curves.flatMap((curve, row) =>
    curve.map((point, i) => ({ point: point.split(',').map(Number), ms: printed[row]?.[i] as number })),
  );
  for (const {
    point: [x = -1, y = -1],
  } of points)
    expect(x >= 50 && x <= 450 && y >= 50 && y <= 370).toBe(true);
  const bySize = points.toSorted((a, b) => a.ms - b.ms).map(({ point }) => point[1] as number);
  for (const [i, y] of bySize.entries()) if (i > 0) expect(y).toBeLessThanOrEqual((bySize[i - 1] as number) + 1);
  for (const name of NAMES) expect(svg).toContain(`>${name}: `);
});
