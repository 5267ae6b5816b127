import { interpret } from '../../src/contract/interpret.ts';
import type { AttentionRequest } from '../../src/contract/request.ts';
import { ServiceError } from '../../src/errors.ts';
import type { Engine } from '../../src/schedule/engine.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import { convert } from '../../src/tensor/convert.ts';
import type { FloatDType, Tensor } from '../../src/tensor/tensor.ts';
import { type MaskCase, maskNames, maskOf } from '../helpers/masks.ts';
import { oracle, type Rows } from '../helpers/oracle.ts';
import { monomialsOf, POLYNOMIALS, variableCountOf } from '../helpers/polynomials.ts';
import { random } from '../helpers/random.ts';

/**
 * Random requests to the approximate modes, and whether what they certify holds: exact is the definition in fp64 on the tensors as they were
 * sent. Used by certificates.test.ts, and by bench/certify.ts for very many.
 */

interface Drawn {
  readonly polynomial: string;
  /** By slice. */
  readonly q: Rows[][];
  readonly v: (Rows | null)[][];
  readonly b: (number[] | null)[][];
  readonly scale: number;
  readonly mask: MaskCase | null;
  readonly lengths: number[] | null;
  readonly inputType: 'float32' | 'float64';
  /** Tokens, and by name the weights that q and v are projected with; null: they are given. */
  readonly tokens: { readonly x: Rows; readonly weights: ReadonlyMap<string, Rows> } | null;
  readonly options: Record<string, unknown>;
  readonly outputType: FloatDType;
}

export interface Verdict {
  /** 'refused': no method certifies the tolerance, or a sample certifies nothing. */
  readonly outcome: 'certified' | 'refused' | 'violated';
  /** The method that was asked for. */
  readonly method: string;
  readonly kind: 'proved' | 'probabilistic' | 'none';
  /** Of a probabilistic certificate, how many entries of the output may lie beyond it on average; 0 where it is proved. */
  readonly allowance: number;
  readonly certified: number;
  readonly measured: number;
  /** The request in a line, for a violation. */
  readonly shown: string;
}

export const METHODS = ['taylor', 'minimax', 'compress', 'prune', 'auto', 'random-features', 'sampling'] as const;
/** What a method answers at all: the others' polynomials and masks are drawn too, more seldom. */
const TREES = POLYNOMIALS.slice(0, 7);
const TYPES = ['float16', 'bfloat16', 'float32', 'float64'] as const;

type Next = () => number;
const pick = <T>(next: Next, all: readonly T[]): T => all[Math.floor(next() * all.length)] as T;
const between = (next: Next, low: number, high: number): number => low + (high - low) * next();
const chance = (next: Next, p: number): boolean => next() < p;

function draw(seed: number): Drawn {
  const next = random(seed);
  const method = pick(next, METHODS);
  const draws = method === 'random-features' || method === 'sampling';
  const onTrees = method === 'prune' || method === 'compress' || method === 'random-features';
  const polynomial = pick(next, onTrees && chance(next, 0.9) ? TREES : POLYNOMIALS);
  const t = variableCountOf(polynomial);
  const large = chance(next, 0.05);
  const most = large ? ({ 2: 100, 3: 14 }[t] ?? 5) : t > 3 ? 3 : 6;
  const [d, dv] = [
    method === 'compress' || large ? 2 + Math.floor(next() * 7) : 1 + Math.floor(next() * 4),
    1 + Math.floor(next() * 3),
  ];
  const same = 1 + Math.floor(next() * most);
  const masked = chance(next, onTrees || draws ? 0.05 : 0.25);
  const inputType = chance(next, 0.5) ? 'float64' : 'float32';
  const projected = !masked && chance(next, 0.1);
  const rows = Array.from({ length: t }, () => (masked || projected || chance(next, 0.3) ? same : 1 + Math.floor(next() * most)));
  const slices = !projected && chance(next, 0.2) ? 2 : 1;
  const round = inputType === 'float32' ? Math.fround : (x: number): number => x;
  const adversarial = chance(next, 0.3);
  const offset = chance(next, 0.3) ? Array.from({ length: d }, () => between(next, -3, 3)) : null;
  const entry = (): number => (adversarial ? (chance(next, 0.5) ? 1 : -1) : between(next, -1, 1));
  const low = method === 'compress' ? Array.from({ length: 2 }, () => Array.from({ length: d }, () => between(next, -1, 1))) : null;
  const row = (): number[] => {
    const weights = low?.map(() => entry());
    return Array.from({ length: d }, (_, c) => {
      const value = weights ? weights.reduce((sum, w, i) => sum + w * (low?.[i]?.[c] ?? 0), 0) + 0.01 * entry() : entry();
      return round(value + (offset?.[c] ?? 0));
    });
  };
  const q = Array.from({ length: slices }, () => rows.map((n) => Array.from({ length: n }, row)));
  const outputType = pick(next, TYPES);
  const tokens = projected ? project(next, q[0] as Rows[], dv, round) : null;
  const peak = 10 ** between(next, -3, method === 'prune' ? 1.7 : draws ? 0 : 0.6);
  // Products beyond 65504 have no place in float16: refused by the codec, and no matter of certificates.
  const level = chance(next, 0.3) ? 10 ** between(next, -3, outputType === 'float16' ? 0.5 : 3) : 0;
  const has = rows.map((_, j) => j > 0 && (tokens !== null || chance(next, 0.85)));
  const v = q.map((slice) =>
    slice.map((own, j) =>
      has[j] && tokens !== null
        ? product(tokens.x, tokens.weights.get(`wv${j + 1}`) as Rows)
        : has[j]
          ? own.map((one) =>
              Array.from({ length: dv }, () => round(level + (adversarial ? Math.sign(one[0] as number) : between(next, -1, 1)))),
            )
          : null,
    ),
  );
  const wide = pick(next, [1, 1, 30]);
  const biased = rows.map(() => chance(next, 0.25));
  const b = q.map((slice) =>
    slice.map((own, j) =>
      biased[j] ? own.map(() => (chance(next, 0.1) ? Number.NEGATIVE_INFINITY : round(between(next, -wide, wide)))) : null,
    ),
  );
  const monomials = monomialsOf(polynomial);
  const scores = q.map((slice, s) => oracle({ monomials, q: slice, v: v[s] as (Rows | null)[], scale: 1 }));
  // No tuple at all has no score either.
  const largest = Math.max(...scores.map(({ maxScore }) => maxScore)) || 1;
  const mask = masked ? maskOf(pick(next, maskNames), polynomial, next) : null;
  const lengths = !masked && chance(next, 0.15) ? rows.map((n) => Math.ceil(next() * n)) : null;
  const fixed = chance(next, 0.2) && method !== 'prune' && !draws;
  const size = fixed
    ? { degree: 2 * (1 + Math.floor(next() * 3)) }
    : draws
      ? {
          [method === 'sampling' ? 'samples' : 'features']: 2 ** Math.ceil(between(next, 4, 12)),
          ...{ confidence: pick(next, [0.5, 0.9, 0.99, 0.999]), seed: Math.floor(next() * 1e6) },
          // Of the polynomial beside the sample.
          ...(method === 'sampling' && chance(next, 0.5) && { degree: pick(next, [1, 2]) }),
        }
      : { tolerance: 10 ** between(next, -7, 0) };
  const options = {
    polynomial,
    scale: peak / largest,
    precision: chance(next, 0.3) ? 'float64' : 'float32',
    mode: 'approximate',
    approximation: { method, ...size },
    output: { dtype: outputType },
    mask: {
      ...(mask?.mask ?? { type: 'none' }),
      ...(lengths && { lengths: Object.fromEntries(lengths.map((n, j) => [j + 1, [n]])) }),
    },
  };
  return { polynomial, q, v, b, scale: peak / largest, mask, lengths, inputType, tokens, options, outputType };
}

/** Tokens and weights in the place of queries and values; leaves in `q` what they make. */
function project(next: Next, q: Rows[], dv: number, round: (x: number) => number): NonNullable<Drawn['tokens']> {
  const m = 1 + Math.floor(next() * 8);
  const drawn = (rows: number, cols: number): Rows =>
    Array.from({ length: rows }, () => Array.from({ length: cols }, () => round(between(next, -1, 1))));
  const x = drawn((q[0] as Rows).length, m);
  const weights = new Map<string, Rows>();
  q.forEach((rows, j) => {
    weights.set(`wq${j + 1}`, drawn(m, (rows[0] as number[]).length));
    if (j > 0) weights.set(`wv${j + 1}`, drawn(m, dv));
    q[j] = product(x, weights.get(`wq${j + 1}`) as Rows);
  });
  return { x, weights };
}

function product(a: Rows, b: Rows): Rows {
  return a.map((row) =>
    (b[0] as number[]).map((_, c) => row.reduce((sum, value, k) => sum + value * ((b[k] as number[])[c] as number), 0)),
  );
}

function tensorOf(dtype: 'float32' | 'float64', slices: readonly number[][], shape: readonly number[]): Tensor {
  const tensor = allocate(dtype, slices.length === 1 ? shape : [slices.length, ...shape]);
  tensor.data.set(slices.flat());
  return tensor;
}

function requestOf({ q, v, b, inputType, tokens, options }: Drawn): AttentionRequest {
  const tensors = new Map<string, Tensor>();
  for (const [name, rows] of tokens === null ? [] : [['x', tokens.x] as const, ...tokens.weights]) {
    tensors.set(name, tensorOf(inputType, [rows.flat()], [rows.length, (rows[0] as number[]).length]));
  }
  const first = q[0] as Rows[];
  first.forEach((own, j) => {
    const stack = (all: readonly (Rows | null)[][]): number[][] => all.map((slice) => (slice[j] as Rows).flat());
    if (tokens === null) tensors.set(`q${j + 1}`, tensorOf(inputType, stack(q), [own.length, (own[0] as number[]).length]));
    const values = v[0]?.[j];
    if (values && tokens === null)
      tensors.set(`v${j + 1}`, tensorOf(inputType, stack(v), [own.length, (values[0] as number[]).length]));
    if (b[0]?.[j])
      tensors.set(
        `b${j + 1}`,
        tensorOf(
          inputType,
          b.map((slice) => slice[j] as number[]),
          [own.length],
        ),
      );
  });
  return interpret({ tensors, options });
}

/**
 * Runs the case of a seed. Everything but a certificate that holds and a tolerance that nothing certifies is a violation; a certificate with
 * a confidence may be missed by as many entries as that leaves out.
 */
export async function judge(engine: Engine, seed: number): Promise<Verdict> {
  const drawn = draw(seed);
  const { method } = drawn.options.approximation as { method: string };
  const shown = `seed ${seed}: ${JSON.stringify({ ...drawn.options, rows: drawn.q[0]?.map(({ length }) => length), inputType: drawn.inputType })}`;
  const nothing = { method, kind: 'none', allowance: 0, certified: Number.NaN, measured: Number.NaN, shown } as const;
  try {
    const { plan, output } = await engine.run(requestOf(drawn), { signal: new AbortController().signal, timeoutMs: 3_600_000 });
    const { used = true, certificate } = plan.approximation ?? {};
    if (used && certificate?.kind === 'none') return { ...nothing, outcome: 'refused' };
    const { kind = 'none', maxAbsError: certified = Number.NaN, confidence = 1 } = certificate ?? {};
    const measured = largestError(drawn, convert(output.data, drawn.outputType));
    const allowance = (1 - confidence) * output.data.length;
    return { ...nothing, outcome: measured <= certified ? 'certified' : 'violated', kind, allowance, certified, measured };
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'tolerance_unreachable') return { ...nothing, outcome: 'refused' };
    return { ...nothing, outcome: 'violated', shown: `${shown} ${error}` };
  }
}

function largestError({ polynomial, q, v, b, scale, mask, lengths }: Drawn, data: ArrayLike<number>): number {
  let [worst, at] = [0, 0];
  q.forEach((slice, s) => {
    const { output } = oracle({
      monomials: monomialsOf(polynomial),
      q: slice,
      v: v[s] as (Rows | null)[],
      b: b[s] as (number[] | null)[],
      scale,
      ...(mask && { admissible: mask.admissible }),
      ...(lengths && { lengths }),
    });
    for (const value of output.flat()) worst = Math.max(worst, Math.abs((data[at++] as number) - value));
  });
  return at === data.length ? worst : Number.POSITIVE_INFINITY;
}
