import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { post, startTestApp } from '../helpers/app.ts';
import { type Encoding, elements, type HttpCase, requestOf } from '../helpers/case.ts';
import type { Rows } from '../helpers/oracle.ts';
import { random } from '../helpers/random.ts';
import {
  type Draw,
  drawCase,
  draws,
  type Monomial,
  magnitudeOf,
  meanRow,
  plainPolynomials,
  polynomials,
  renumber,
  textOf,
  variablesIn,
} from './arbitrary.ts';

/** Properties P1 to P11 of math.md §1.4 over HTTP, on every back end that loaded and can run any polynomial. */

const app = await startTestApp();
afterAll(() => app.close());

const NEEDED = ['attend', 'combine', 'conditioned', 'merge'];
const backends = app.engine.machine.backends.filter(({ steps }) => NEEDED.every((kind) => steps.some((step) => step === kind)));
const RUNS = 25;

interface Answered {
  readonly output: number[];
  readonly logSumExp: number[];
  readonly shape: number[];
}

/** math.md §8, item 4, with |values| <= 1: two evaluations that are compared may both spend it. */
function allowed(...cases: HttpCase[]): number {
  return cases.reduce((sum, one) => sum + (one.q.length - 1) * 4e-7 * (1 + magnitudeOf(one)), 0);
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(tolerance);
}

const zeros = (rows: Rows): Rows => rows.map((row) => row.map(() => 0));
const constantRows = (count: number, row: readonly number[]): number[] => Array.from({ length: count }, () => row).flat();
const timesRow = (a: readonly number[], b: readonly number[]): number[] => a.map((value, c) => value * (b[c] as number));

function shuffled(count: number, seed: number): number[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, i) => ({ i, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ i }) => i);
}

/** Every product of value rows, by channel. */
function valueProducts(one: HttpCase): number[][] {
  const dv = (one.v[1] as Rows)[0]?.length ?? 0;
  return one.v
    .slice(1)
    .reduce<number[][]>(
      (products, rows) => products.flatMap((left) => (rows as Rows).map((row) => timesRow(left, row))),
      [new Array<number>(dv).fill(1)],
    );
}

describe('the back ends under test', () => {
  it('are at least the reference', () => {
    expect(backends.map(({ name }) => name)).toContain('reference');
  });
});

describe.each(backends.map(({ name }) => name))('on %s', (backend) => {
  const encodings: Encoding[] = ['flat', 'nested', 'base64'];

  async function ask(one: HttpCase, extra: Record<string, unknown> = {}): Promise<Answered> {
    const encoding = encodings[one.q.length % 3] as Encoding;
    const body = requestOf(one, encoding, { backend, output: { encoding, logSumExp: true }, ...extra });
    const answer = await post(app, '/v1/attention', body);
    expect(answer.status, JSON.stringify(answer.body).slice(0, 400)).toBe(200);
    const { output, logSumExp } = answer.body;
    return { output: elements(output), logSumExp: elements(logSumExp), shape: output.shape };
  }

  function holds(
    arbitrary: fc.Arbitrary<Monomial[]>,
    check: (monomials: Monomial[], draw: Draw, pick: number) => Promise<void>,
  ): Promise<void> {
    return fc.assert(fc.asyncProperty(arbitrary, draws, fc.nat(1000), check), { numRuns: RUNS });
  }

  it('P1: values of one give an output of one', () =>
    holds(polynomials, async (monomials, draw) => {
      const one = drawCase(monomials, draw);
      const v = one.v.map((rows) => rows?.map((row) => row.map(() => 1)) ?? null);
      const { output } = await ask({ ...one, v });
      expectClose(
        output,
        output.map(() => 1),
        allowed(one),
      );
    }));

  it('P2: queries of zero give the product of the means', () =>
    holds(polynomials, async (monomials, draw) => {
      const one = drawCase(monomials, draw);
      const flat = { ...one, q: one.q.map(zeros) };
      const { output, logSumExp } = await ask(flat);
      const product = one.v.slice(1).reduce<number[] | null>((left, rows) => {
        const mean = meanRow(rows as Rows);
        return left === null ? mean : timesRow(left, mean);
      }, null) as number[];
      expectClose(output, constantRows((one.q[0] as Rows).length, product), allowed(flat));
      const count = one.q.slice(1).reduce((tuples, rows) => tuples * rows.length, 1);
      expectClose(
        logSumExp,
        logSumExp.map(() => Math.log(count)),
        allowed(flat) + 4e-7 * Math.log(count),
      );
    }));

  it('P3: every channel lies between the least and the greatest value product', () =>
    holds(polynomials, async (monomials, draw) => {
      const one = drawCase(monomials, draw);
      const { output } = await ask(one);
      const products = valueProducts(one);
      for (const [i, value] of output.entries()) {
        const channel = products.map((product) => product[i % draw.dv] as number);
        expect(value).toBeGreaterThanOrEqual(Math.min(...channel) - allowed(one));
        expect(value).toBeLessThanOrEqual(Math.max(...channel) + allowed(one));
      }
    }));

  it('P4: the order of the rows of one summed variable does not matter', () =>
    holds(polynomials, async (monomials, draw, pick) => {
      const one = drawCase(monomials, draw);
      const j = 1 + (pick % (one.q.length - 1));
      const order = shuffled((one.q[j] as Rows).length, draw.seed);
      const move = (rows: Rows | null, index: number): Rows | null =>
        rows && index === j ? order.map((row) => rows[row] as number[]) : rows;
      const moved = { ...one, q: one.q.map((rows, index) => move(rows, index) as Rows), v: one.v.map(move) };
      const [a, b] = [await ask(one), await ask(moved)];
      expectClose(b.output, a.output, allowed(one, moved));
      expectClose(b.logSumExp, a.logSumExp, allowed(one, moved) + 4e-7 * Math.max(...a.logSumExp.map(Math.abs)));
    }));

  it('P5: two variables that h treats alike may change places', () =>
    holds(
      plainPolynomials.filter((monomials) => variablesIn(monomials).length > 2),
      async (monomials, draw, pick) => {
        const t = Math.max(...variablesIn(monomials));
        const [a, b] = [2 + (pick % (t - 1)), 2 + ((pick + 1) % (t - 1))];
        const swap = (variable: number): number => (variable === a ? b : variable === b ? a : variable);
        const swapped = monomials.map((one) => ({ ...one, variables: one.variables.map(swap).sort((x, y) => x - y) }));
        const both = [...new Map([...monomials, ...swapped].map((one) => [String(one.variables), one])).values()];
        const one = drawCase(both, draw);
        const exchange = <T>(all: readonly T[]): T[] => all.map((_, index) => all[swap(index + 1) - 1] as T);
        const other = { ...one, q: exchange(one.q), v: exchange(one.v) };
        expectClose((await ask(other)).output, (await ask(one)).output, allowed(one, other));
      },
    ));

  it('P6: a star is the product of independent attentions', () =>
    holds(
      fc
        .integer({ min: 2, max: 5 })
        .map((t) => Array.from({ length: t - 1 }, (_, j) => ({ coefficient: 1, variables: [1, j + 2] }))),
      async (monomials, draw) => {
        const star = drawCase(monomials, draw);
        const leaves = star.q.slice(1).map((keys, j): HttpCase => {
          const [q, v] = [
            [star.q[0] as Rows, keys],
            [null, star.v[j + 1] as Rows],
          ];
          return { polynomial: 'x1*x2', monomials: [{ coefficient: 1, variables: [1, 2] }], q, v, scale: star.scale };
        });
        const answers = await Promise.all(leaves.map((leaf) => ask(leaf)));
        const product = answers.map(({ output }) => output).reduce(timesRow);
        expectClose((await ask(star)).output, product, allowed(star, ...leaves));
      },
    ));

  it('P7: queries of zero take the monomials of a variable away and leave the mean of its values', () =>
    holds(polynomials, async (monomials, draw, pick) => {
      const t = Math.max(...variablesIn(monomials));
      const j = 2 + (pick % (t - 1));
      const rest = monomials.filter(({ variables }) => !variables.includes(j));
      fc.pre(variablesIn(rest).includes(1));
      const one = drawCase(monomials, draw);
      const silent = { ...one, q: one.q.map((rows, index) => (index === j - 1 ? zeros(rows) : rows)) };
      const kept = variablesIn(rest);
      const smaller: HttpCase = {
        polynomial: textOf(renumber(rest)),
        monomials: renumber(rest),
        q: kept.map((variable) => one.q[variable - 1] as Rows),
        v: kept.map((variable) => one.v[variable - 1] ?? null),
        scale: one.scale,
      };
      const gone = one.v.filter((_, index) => !kept.includes(index + 1)).map((rows) => meanRow(rows as Rows));
      const factor = gone.reduce(timesRow);
      const answer = await ask(smaller);
      const expected = answer.output.map((value, i) => value * (factor[i % draw.dv] as number));
      expectClose((await ask(silent)).output, expected, allowed(silent, smaller));
    }));

  it('P8: any h is a tensor in s·d coordinates', () =>
    holds(
      plainPolynomials.filter((monomials) => variablesIn(monomials).length <= 4),
      async (monomials, draw) => {
        const one = drawCase(monomials, draw);
        const wide = one.q.map((rows, index) =>
          rows.map((row) => monomials.flatMap(({ variables }) => (variables.includes(index + 1) ? row : row.map(() => 1)))),
        );
        const all = [{ coefficient: 1, variables: one.q.map((_, index) => index + 1) }];
        const tensor = { ...one, polynomial: textOf(all), monomials: all, q: wide };
        expectClose((await ask(tensor)).output, (await ask(one)).output, allowed(one, tensor));
      },
    ));

  it('P9: Strassen with Q1 and Q3 on disjoint coordinates is the path', () =>
    holds(
      fc.constant(
        [
          [1, 2],
          [2, 3],
        ].map((variables) => ({ coefficient: 1, variables })),
      ),
      async (monomials, draw) => {
        const path = drawCase(monomials, draw);
        const widen = (rows: Rows, left: boolean, right: boolean): Rows =>
          rows.map((row) => [...row.map((x) => (left ? x : 0)), ...row.map((x) => (right ? x : 0))]);
        const [q1, q2, q3] = path.q as [Rows, Rows, Rows];
        const q = [widen(q1, true, false), widen(q2, true, true), widen(q3, false, true)];
        const triangle = [...monomials, { coefficient: 1, variables: [1, 3] }];
        const strassen = { ...path, polynomial: 'x1*x2 + x2*x3 + x1*x3', monomials: triangle, q };
        expectClose((await ask(strassen)).output, (await ask(path)).output, allowed(path, strassen));
      },
    ));

  it('P10: a bias of x1 changes the log-normaliser alone', () =>
    holds(polynomials, async (monomials, draw) => {
      const one = drawCase(monomials, draw);
      const next = random(draw.seed + 1);
      const b1 = (one.q[0] as Rows).map(() => Math.fround(40 * next() - 20));
      const [plain, biased] = [await ask(one), await ask({ ...one, b: [b1] })];
      expectClose(biased.output, plain.output, allowed(one, one));
      const shifted = plain.logSumExp.map((value, row) => value + (b1[row] as number));
      const largest = Math.max(...[...shifted, ...plain.logSumExp].map(Math.abs));
      expectClose(biased.logSumExp, shifted, allowed(one, one) + 4e-7 * largest);
    }));

  it('P11: t = 2 is softmax attention at the scale 1/d', () =>
    holds(fc.constant([{ coefficient: 1, variables: [1, 2] }]), async (monomials, draw) => {
      const one = drawCase(monomials, draw);
      const factor = one.scale * draw.d;
      const q = [(one.q[0] as Rows).map((row) => row.map((x) => Math.fround(x * factor))), one.q[1] as Rows];
      const asked = { ...one, q, scale: 1 / draw.d };
      const { output } = await ask(asked, { scale: '1/d' });
      expectClose(output, softmaxAttention(q[0] as Rows, q[1] as Rows, one.v[1] as Rows), allowed(asked));
    }));
});

/** Softmax attention as any textbook has it. */
function softmaxAttention(queries: Rows, keys: Rows, values: Rows): number[] {
  return queries.flatMap((query) => {
    const scores = keys.map((key) => query.reduce((sum, x, c) => sum + x * (key[c] as number), 0) / query.length);
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return (values[0] as number[]).map((_, c) =>
      weights.reduce((sum, w, row) => sum + (w * ((values[row] as number[])[c] as number)) / total, 0),
    );
  });
}
