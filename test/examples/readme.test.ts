import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ERRORS } from '../../src/errors.ts';
import { listMechanisms } from '../../src/polynomial/catalogue.ts';
import { buildTestApp, post } from '../helpers/app.ts';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const [, text = ''] = README.split(`\n## ${heading}\n`);
  return text.split('\n## ')[0] ?? '';
}

/** The cells of a table's rows, its heading left out. */
function tableOf(heading: string): string[][] {
  const rows = section(heading)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function namesIn(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

describe('the README', () => {
  it('shows a request and the answer it gets', async () => {
    const text = section('One request');
    const request = /-d '([^']+)'/.exec(text)?.[1] ?? '';
    const shown = JSON.parse(/```json\n([^`]+)```/.exec(text)?.[1] ?? '');
    const app = await buildTestApp({ BACKENDS: 'reference' });
    const { status, body } = await post(app, '/v1/attention', request);
    expect(status).toBe(200);
    expect(Object.keys(shown)).toEqual(Object.keys(body));
    // The reference back end has no instruction set to name.
    expect(Object.keys(shown.plan).filter((key) => key !== 'isa')).toEqual(Object.keys(body.plan));
    expect(Object.keys(shown.timing)).toEqual(Object.keys(body.timing));
    expect({ ...shown.output, data: [] }).toEqual({ ...body.output, data: [] });
    // math.md §8 on top of each other's rounding: R = 3, t = 3, scores up to 1.
    const tolerance = 1.5 * 2 * 4e-7 * 2;
    for (const [i, value] of body.output.data.entries()) expect(Math.abs(shown.output.data[i] - value)).toBeLessThan(tolerance);
    const facts = ({ class: name, algorithm, exponent }: Record<string, unknown>): unknown => [name, algorithm, exponent];
    expect(facts(shown.plan)).toEqual(facts(body.plan));
  });

  it('shows an approximate request and what comes with its answer', async () => {
    const text = section('Approximate, with a certificate');
    const request = /-d '([^']+)'/.exec(text)?.[1] ?? '';
    const shown = JSON.parse(/```json\n([^`]+)```/.exec(text)?.[1] ?? '').approximation;
    const app = await buildTestApp({ BACKENDS: 'native,reference' });
    const { status, body } = await post(app, '/v1/attention', request);
    expect(status).toBe(200);
    const { approximation } = body;
    expect(Object.keys(shown)).toEqual(Object.keys(approximation));
    expect(Object.keys(shown.measured)).toEqual(Object.keys(approximation.measured));
    const facts = ({ method, degree, rank }: Record<string, unknown>): unknown => [method, degree, rank];
    expect(facts(shown)).toEqual(facts(approximation));
    // The survey rounds otherwise on another instruction set.
    expect(shown.certificate.maxAbsError / approximation.certificate.maxAbsError).toBeCloseTo(1, 3);
    expect(shown.measured.maxAbsError).toBeLessThan(shown.certificate.maxAbsError);
  });

  it('lists the catalogue as it is', () => {
    const listed = tableOf('Mechanisms').map(([name, polynomial, family, cost]) => {
      return [namesIn(name)[0], namesIn(polynomial)[0] ?? polynomial, family, cost];
    });
    const expected = listMechanisms().map(({ name, polynomial, class: family, cost }) => {
      return [name, name === 'complete(t)' ? 'all pairs of x1..xt' : polynomial, family, cost];
    });
    expect(listed.sort()).toEqual(expected.sort());
  });

  it('names every setting with its default', () => {
    const rows = tableOf('Settings');
    const documented = rows.flatMap(([names]) => namesIn(names));
    const config: Record<string, unknown> = readConfig({});
    expect(Object.keys(config).filter((name) => !documented.includes(name))).toEqual([]);
    const defaults = new Map(
      rows.flatMap(([names, values]) => namesIn(names).map((name, i) => [name, values?.split(', ')[i]] as const)),
    );
    const numbers = Object.entries(config).filter(([name, value]) => typeof value === 'number' && name !== 'WORKER_THREADS');
    expect(numbers.map(([name]) => [name, defaults.get(name)])).toEqual(numbers.map(([name, value]) => [name, String(value)]));
    // A name that is not a setting would be ignored; one that is refuses nonsense or is taken.
    const reserved = namesIn(section('Settings').split('\n\n').at(-1)).filter(
      (name) => /^[A-Z_]+$/.test(name) && name !== 'DATA_DIR',
    );
    for (const name of reserved) expect(() => readConfig({ [name]: 'on' })).toThrow(name);
  });

  it('gives each error its status', () => {
    const documented = tableOf('Errors').flatMap(([statuses, codes]) => {
      const numbers = (statuses ?? '').split(', ').map(Number);
      return namesIn(codes).map((code, i) => [code, numbers[i] ?? numbers[0]]);
    });
    expect(documented.length).toBeGreaterThan(12);
    expect(documented).toEqual(documented.map(([code]) => [code, ERRORS[code as keyof typeof ERRORS].status]));
  });

  it('names only folders that are there', () => {
    const folders = tableOf('Layout').flatMap(([names]) => namesIn(names));
    expect(folders.length).toBeGreaterThan(5);
    for (const folder of folders) expect(() => readFileSync(resolve(import.meta.dirname, '../..', folder))).toThrow('EISDIR');
  });
});
