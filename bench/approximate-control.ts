import type { AttentionRequest, Operand } from '../src/contract/request.ts';
import type { Engine } from '../src/schedule/engine.ts';
import { type ApproximateCase, bestOf, requestsOf } from './approximate-data.ts';

/** How far a polynomial as control variate cuts the sample that a tolerance takes, and what that is worth beside the polynomial alone. */
export interface ControlRow {
  /** Scores are within ± this, by the bound that certificates rest on. */
  readonly scores: number;
  readonly tolerance: number;
  readonly method: string;
  /** Null: it does not certify the tolerance. */
  readonly samples: number | null;
  readonly certified: number | null;
  readonly ms: number | null;
}

const WISHES = [
  { name: 'sampling, no polynomial', wish: { method: 'sampling', degree: 0 } },
  { name: 'sampling, degree 1', wish: { method: 'sampling', degree: 1 } },
  { name: 'sampling, degree 2', wish: { method: 'sampling', degree: 2 } },
  { name: 'taylor', wish: { method: 'taylor' } },
  { name: 'minimax', wish: { method: 'minimax' } },
] as const;

/** Scores and tolerance. */
const CASES = [
  [0.5, 1e-2],
  [0.5, 1e-3],
  [0.99, 1e-2],
  [2, 1e-2],
] as const;

const tensor: ApproximateCase = { polynomial: 'x1*x2*x3', n: 2048, d: 64, entries: 1, scale: 1 };

/** tensor(3), d = 64, n = 2048. */
export async function measureControl(engine: Engine): Promise<ControlRow[]> {
  const rows: ControlRow[] = [];
  for (const [scores, tolerance] of CASES) {
    for (const { name, wish } of WISHES) {
      const one = { ...tensor, scale: scaleFor(scores), wish: { tolerance, ...wish } };
      rows.push({ scores, tolerance, method: name, ...(await certified(engine, one)) });
    }
  }
  return rows;
}

async function certified(engine: Engine, one: ApproximateCase): Promise<Pick<ControlRow, 'samples' | 'certified' | 'ms'>> {
  try {
    const { ms, result } = await bestOf(engine, requestsOf(one).approximate, 1000);
    const { samples = null, certificate } = result.plan.approximation ?? {};
    return { samples, certified: certificate?.maxAbsError ?? null, ms };
  } catch {
    return { samples: null, certified: null, ms: null };
  }
}

/** Hölder's bound on the triple scores is the smallest one of these rows: the scale that brings it to `scores`. */
function scaleFor(scores: number): number {
  const { exact } = requestsOf(tensor);
  return scores / [1, 2, 3].reduce((product, j) => product * longest(exact, `q${j}`), 1);
}

function longest({ operands }: AttentionRequest, name: string): number {
  const { tensor: rows, cols } = operands.get(name) as Operand;
  const sums = new Float64Array(rows.data.length / cols);
  rows.data.forEach((value, at) => {
    const row = Math.floor(at / cols);
    sums[row] = (sums[row] as number) + Math.abs(Number(value)) ** 3;
  });
  return Math.max(...sums) ** (1 / 3);
}

export function controlTable(rows: readonly ControlRow[]): string {
  const plain = ({ scores, tolerance }: ControlRow): number | null =>
    rows.find((one) => one.scores === scores && one.tolerance === tolerance && one.method === WISHES[0].name)?.samples ?? null;
  const line = (row: ControlRow): string => {
    const { scores, tolerance, method, samples, certified: bound, ms } = row;
    const whole = plain(row);
    const cut = samples === null || whole === null ? '' : `${(whole / samples).toPrecision(2)}×`;
    const cells = [scores, tolerance, method, samples?.toLocaleString('en') ?? '', cut, bound?.toPrecision(2) ?? 'not certified'];
    return `| ${[...cells, ms?.toPrecision(3) ?? ''].join(' | ')} |`;
  };
  return `Polynomials as control variates of samples: tensor(3), n = 2048, d = 64, scores within ± the first column. A sample alone, with a polynomial's exact sums
beside it (m falls by the next column's factor), and the polynomial alone (proved; samples certify with confidence 0.999):

| scores | tolerance | method | m | falls by | certified | ms |
|---|---|---|---|---|---|---|
${rows.map(line).join('\n')}
`;
}
