import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildTwoHop, type Tensor } from '../../examples/two-hop/embedding.ts';
import { buildTestApp } from '../helpers/app.ts';

const FOLDER = resolve(import.meta.dirname, '../../examples/two-hop');
const PROGRAMS = [
  ['TypeScript', process.execPath, `${FOLDER}/main.ts`],
  ['Python', 'python3', `${FOLDER}/two_hop.py`],
] as const;

interface Ended {
  readonly status: number;
  readonly lines: readonly string[];
  readonly complaint: string;
}

function runProgram(command: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(command, args, { maxBuffer: 2 ** 24 }, (_error, stdout, stderr) =>
      done({ status: child.exitCode ?? -1, lines: stdout.trimEnd().split('\n'), complaint: stderr }),
    );
  });
}

function readPairs(file: string): (readonly [string, string])[] {
  const lines = readFileSync(`${FOLDER}/${file}`, 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split(',') as [string, string]);
}

/** A service that gives every request the same answer. */
async function listenWith(status: number, body: object): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function rowsOf({ shape: [n, d], base64 }: Tensor): number[][] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: n }, (_, row) => Array.from({ length: d }, (_, c) => bytes.readFloatLE(4 * (row * d + c))));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** [rows of a, rows of b] scores with the scale 1/d. */
function scores(a: readonly number[][], b: readonly number[][]): number[][] {
  return a.map((left) => b.map((right) => dot(left, right) / left.length));
}

/** An address where nobody listens any more. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}`;
}

describe('the tables', () => {
  const cities = readPairs('cities.csv');
  const countries = readPairs('countries.csv');

  it('hold at least 60 cities, Toronto among them, each once and in a country whose continent is known', () => {
    expect(cities.length).toBeGreaterThanOrEqual(60);
    expect(new Set(cities.map(([city]) => city)).size).toBe(cities.length);
    expect(new Map(cities).get('Toronto')).toBe('Canada');
    const known = new Map(countries);
    expect(known.size).toBe(countries.length);
    expect(cities.filter(([, country]) => !known.has(country))).toEqual([]);
    expect(new Set(countries.map(([, continent]) => continent)).size).toBe(6);
  });
});

describe('the embedding', () => {
  const hop = buildTwoHop();
  const [q1, q2, q3] = [rowsOf(hop.tensors.q1), rowsOf(hop.tensors.q2), rowsOf(hop.tensors.q3)];

  it('keeps the right token of each hop ahead of every other by ln(n r / δ)', () => {
    const delta = 2 * (Math.sqrt(1 + hop.wrongMassBound) - 1);
    // Scores are of the size of σ² b / d, and float32 rounds σ twice in each: 2 · 2⁻²⁴ of them.
    const promised = Math.log((2 * hop.tokens) / delta) - 2 ** -23 * hop.sigma ** 2;
    const lead = (row: readonly number[], right: number): number =>
      (row[right] ?? Number.NaN) - Math.max(...row.filter((_, l) => l !== right));
    const countries = readPairs('countries.csv').map(([country]) => country);
    const rowOf = (country: string): number => hop.cities.length + countries.indexOf(country);
    const first = scores(q1, q2).map((row, city) => lead(row, city));
    const homes = readPairs('cities.csv').map(([, country]) => rowOf(country));
    const second = scores(q2.slice(0, hop.cities.length), q3).map((row, city) => lead(row, homes[city] ?? -1));
    expect(Math.min(...first)).toBeGreaterThanOrEqual(promised);
    expect(Math.min(...second)).toBeGreaterThanOrEqual(promised);
  });

  it('tells Singapore the city from Singapore the country', () => {
    const row = hop.cities.indexOf('Singapore');
    const country = hop.cities.length + readPairs('countries.csv').findIndex(([name]) => name === 'Singapore');
    expect(q2[row]).not.toEqual(q2[country]);
    expect(q3[row]).not.toEqual(q3[country]);
  });

  it('gives every token its own value, one-hot', () => {
    const facts = [...readPairs('cities.csv'), ...readPairs('countries.csv')];
    const values = rowsOf(hop.tensors.v3).map((row) => hop.vocabulary.filter((_, column) => row[column] === 1));
    expect(values).toEqual(facts.map(([, value]) => [value]));
  });

  it.each(PROGRAMS)('is the same from %s', async (_name, command, script) => {
    const { status, lines } = await runProgram(command, script, '--request');
    expect(status).toBe(0);
    expect(JSON.parse(lines.join('\n'))).toEqual({ mechanism: 'path(3)', tensors: hop.tensors });
  });
});

describe('the programs', () => {
  it('name every continent with path(3), none with self, and say the same', async () => {
    const app = await buildTestApp({ BACKENDS: 'reference' });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const hop = buildTwoHop();
    const all = hop.cities.length;
    const reports = [];
    for (const [, command, script] of PROGRAMS) {
      const { status, lines, complaint } = await runProgram(command, script, url);
      expect({ status, complaint }).toEqual({ status: 0, complaint: '' });
      expect(lines[0]).toMatch(/^On which continent is Toronto\? North America \(mass (1\.0|0\.999)\d+\)$/);
      const table = hop.cities.map((city, row) => lines.find((line) => line.startsWith(city.padEnd(18) + hop.truth[row])));
      expect(table.every((line) => / yes /.test(line ?? ''))).toBe(true);
      expect(lines.find((line) => line.startsWith('path(3)'))).toContain(`${all} of ${all} right`);
      expect(lines.find((line) => line.startsWith('self'))).toContain(`0 of ${all} right`);
      expect(lines.filter((line) => /; ms: decode .*, total [\d.]+$/.test(line))).toHaveLength(2);
      reports.push(lines.filter((line) => !line.includes('; ms: ')));
    }
    expect(reports[1]).toEqual(reports[0]);
  });

  it('leave the mass on wrong answers that the theory allows', async () => {
    const app = await buildTestApp({ BACKENDS: 'reference' });
    const hop = buildTwoHop();
    const payload = { mechanism: 'path(3)', tensors: hop.tensors };
    const { output } = (await app.inject({ method: 'POST', url: '/v1/attention', payload })).json();
    const columns = hop.vocabulary.length;
    const masses = hop.truth.map((right, row) => output.data[row * columns + hop.vocabulary.indexOf(right)]);
    // math.md §8 with R = 1, t = 3 and a score of σ² b / d = σ²/2 on each of two edges.
    const rounding = 4e-7 * (1 + hop.sigma ** 2);
    expect(Math.min(...masses)).toBeGreaterThanOrEqual(1 - hop.wrongMassBound - rounding);
  });

  it.each(PROGRAMS)('end with 1 in %s when an answer is wrong', async (_name, command, script) => {
    const { cities, vocabulary } = buildTwoHop();
    const data = Array<number>(cities.length * vocabulary.length).fill(0.5);
    const plan = { class: 'tree', algorithm: 'tree-messages', backend: 'none' };
    const timing = { decodeMs: 0, planMs: 0, queueMs: 0, computeMs: 0, encodeMs: 0, totalMs: 0 };
    const url = await listenWith(200, { output: { shape: [cities.length, vocabulary.length], data }, plan, timing });
    const { status, lines } = await runProgram(command, script, url);
    expect(status).toBe(1);
    expect(lines.find((line) => line.startsWith('Toronto'))).toContain('NO: North America');
  });

  it.each(PROGRAMS)('end with 2 in %s and say why when there is no answer', async (_name, command, script) => {
    const refused = await listenWith(429, { detail: 'come back later' });
    const short = await listenWith(200, { output: { shape: [1], data: [1] } });
    const gone = await deadUrl();
    for (const [url, reason] of [
      [refused, '429'],
      [short, 'shape'],
      [gone, 'refused'],
    ] as const) {
      const { status, complaint } = await runProgram(command, script, url);
      expect(status).toBe(2);
      expect(complaint.toLowerCase()).toContain(reason);
    }
  });
});
