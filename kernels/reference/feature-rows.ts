/** Rows of queries as vectors of a feature map: centred, stretched, and the log-weight that centring leaves over (math.md §3.3). */
import type { FeatureMap, Matrix } from '../backend.ts';
import { checkShape } from './operands.ts';

/** Reads rows one after another; `y` is overwritten by the next. */
export interface FeatureRows {
  /** Fills `y` with row l and gives Σ factor <vector, q_l - center>. */
  read(row: number): number;
  readonly y: Float64Array; // [D]
}

/** @throws Error when the operands' shapes contradict each other */
export function featureRows(kind: string, { queries, center, stretch, tilts }: FeatureMap<Matrix>): FeatureRows {
  const { rows, cols } = queries;
  checkShape(`${kind}: queries`, queries, rows, cols);
  checkShape(`${kind}: center`, center, 1, cols);
  const tilt = new Float64Array(cols);
  for (const { vector, factor } of tilts) {
    checkShape(`${kind}: tilt`, vector, 1, cols);
    for (let c = 0; c < cols; c++) tilt[c] += factor * vector.data[c];
  }
  const y = new Float64Array(cols);
  return {
    y,
    read: (row) => {
      let weight = 0;
      for (let c = 0; c < cols; c++) {
        const centred = queries.data[row * cols + c] - (center?.data[c] ?? 0);
        weight += tilt[c] * centred;
        y[c] = centred * stretch;
      }
      return weight;
    },
  };
}
