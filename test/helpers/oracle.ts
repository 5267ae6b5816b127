/** The definition of math.md §1.2 once more, on nested arrays and with nothing of the project in it: what answers over HTTP are held to. */

export type Rows = number[][];

export interface OracleCase {
  readonly monomials: readonly { coefficient: number; variables: readonly number[] }[];
  /** q1..qt. */
  readonly q: readonly Rows[];
  /** v1..vt; v1 and those left out are null. */
  readonly v: readonly (Rows | null)[];
  /** b1..bt. */
  readonly b?: readonly (readonly number[] | null)[];
  readonly scale: number;
  /** Real rows of each variable. */
  readonly lengths?: readonly number[];
  /** Whether a tuple (0-based rows) takes part. */
  readonly admissible?: (tuple: readonly number[]) => boolean;
}

export interface OracleAnswer {
  readonly output: Rows;
  readonly logSumExp: number[];
  /** Largest |score| met and largest |product of values|, for tolerances. */
  readonly maxScore: number;
  readonly range: number;
}

export function oracle(problem: OracleCase): OracleAnswer {
  const { q, v, lengths } = problem;
  const dv = v.find((rows) => rows !== null)?.[0]?.length ?? 1;
  const counts = q.map((rows, j) => lengths?.[j] ?? rows.length);
  let [maxScore, range] = [0, 0];
  const output: Rows = [];
  const logSumExp: number[] = [];
  for (let l1 = 0; l1 < (q[0] as Rows).length; l1++) {
    const scores: number[] = [];
    const products: number[][] = [];
    if (l1 < (counts[0] as number)) {
      for (const tuple of tuples(counts, l1)) {
        if (problem.admissible && !problem.admissible(tuple)) continue;
        const score = scoreOf(problem, tuple);
        if (score === Number.NEGATIVE_INFINITY) continue;
        const product = Array.from({ length: dv }, (_, c) =>
          v.reduce((sum, rows, j) => sum * (rows ? at(rows, tuple[j], c) : 1), 1),
        );
        scores.push(score);
        products.push(product);
        maxScore = Math.max(maxScore, Math.abs(score));
        range = Math.max(range, ...product.map(Math.abs));
      }
    }
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    logSumExp.push(scores.length === 0 ? Number.NEGATIVE_INFINITY : most + Math.log(total));
    output.push(
      Array.from({ length: dv }, (_, c) =>
        total === 0 ? 0 : weights.reduce((sum, w, i) => sum + w * at(products, i, c), 0) / total,
      ),
    );
  }
  return { output, logSumExp, maxScore, range: 2 * range };
}

function at(rows: Rows, row: number | undefined, column: number): number {
  return (rows[row as number] as number[])[column] as number;
}

function scoreOf({ monomials, q, b, scale }: OracleCase, tuple: readonly number[]): number {
  let score = 0;
  for (const { coefficient, variables } of monomials) {
    const d = (q[0] as Rows)[0]?.length ?? 0;
    for (let c = 0; c < d; c++)
      score += coefficient * scale * variables.reduce((product, j) => product * at(q[j - 1] as Rows, tuple[j - 1], c), 1);
  }
  return tuple.reduce((sum, row, j) => sum + (b?.[j]?.[row] ?? 0), score);
}

function* tuples(counts: readonly number[], first: number): Generator<number[]> {
  const tuple = counts.map(() => 0);
  tuple[0] = first;
  if (counts.slice(1).some((count) => count === 0)) return;
  for (;;) {
    yield [...tuple];
    let j = counts.length - 1;
    while (j > 0) {
      tuple[j] = (tuple[j] as number) + 1;
      if (tuple[j] !== counts[j]) break;
      tuple[j--] = 0;
    }
    if (j === 0) return;
  }
}
