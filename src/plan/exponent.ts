import type { PairMask } from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { blockTree } from '../polynomial/blocks.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { SOURCES, type Statement } from '../polynomial/statements.ts';
import { localBlock, withMasks } from './block.ts';
import { maskEdges } from './masks.ts';
import { isPrefix } from './prefix.ts';

/** The upper bound of a root-causal tree of depth two, which the graph with its mask edges alone would put at n^3. */
export const PREFIXES: Statement = {
  text: 'Time n^2 (d + dv): under a root-causal mask the sums over a grandchild grow with the row of x1, one key at a time.',
  hypothesis: null,
  source: SOURCES.derived,
};

/** The exponent of the best exact algorithm here, whatever is the fastest at one shape: that of the hardest block (math.md §2.3, §7). */
export function exactExponent({ polynomial, rows }: Pick<Problem, 'polynomial' | 'rows'>, masks: readonly PairMask[]): number {
  const blocks = blockTree(polynomial, maskEdges(masks)).blocks.map((block) => withMasks(block, masks));
  const exponents = blocks.map((block) => {
    if (block.variables.length === 2 || isPrefix(block)) return 2;
    const local = localBlock(block, rows);
    return polynomialFacts(local.polynomial, maskEdges(local.masks)).exponent;
  });
  return Math.max(2, ...exponents);
}
