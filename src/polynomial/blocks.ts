import { neighboursOf, primalGraph, toVariables } from './graph.ts';
import type { MaskEdge, Monomial, Polynomial } from './polynomial.ts';

/**
 * A biconnected piece of the primal graph (every monomial a clique, every mask edge an edge). Two blocks share at most one variable, so
 * a block sends one message, indexed by the rows of its root alone, and the whole polynomial is a tree of blocks: a pair block is an
 * attention call (math.md §6.1), and only the others need more than quadratic time.
 */
export interface Block {
  /** Where the message goes: the variable of the block nearest to the component's root. */
  readonly root: number;
  /** The root first, then the others ascending. */
  readonly variables: readonly number[];
  readonly monomials: readonly Monomial[];
}

export interface BlockTree {
  /** Children before parents: when a block's turn comes, all messages to its variables but the root are there. */
  readonly blocks: readonly Block[];
  /** The root of every component; x1 first. A variable in no monomial is a component by itself. */
  readonly roots: readonly number[];
}

/** Decomposes h into blocks, rooted at x1 (other components at their smallest variable). */
export function blockTree(polynomial: Polynomial, maskEdges: readonly MaskEdge[] = []): BlockTree {
  const t = polynomial.variableCount;
  const graph = primalGraph(polynomial, maskEdges);
  const depth = new Array<number>(t + 1).fill(0);
  const low = new Array<number>(t + 1).fill(0);
  const stack: number[] = [];
  const blocks: Block[] = [];

  const visit = (variable: number, parent: number): void => {
    depth[variable] = low[variable] = (depth[parent] as number) + 1;
    stack.push(variable);
    for (const next of toVariables(neighboursOf(graph, variable))) {
      if (next === parent) continue;
      if (depth[next] !== 0) {
        low[variable] = Math.min(low[variable] as number, depth[next] as number);
        continue;
      }
      visit(next, variable);
      low[variable] = Math.min(low[variable] as number, low[next] as number);
      if ((low[next] as number) >= (depth[variable] as number))
        blocks.push(block(polynomial, variable, stack.splice(stack.indexOf(next))));
    }
  };

  const roots: number[] = [];
  for (let variable = 1; variable <= t; variable++) {
    if (depth[variable] !== 0) continue;
    roots.push(variable);
    visit(variable, 0);
    stack.length = 0;
  }
  return { blocks, roots };
}

function block(polynomial: Polynomial, root: number, others: number[]): Block {
  const variables = [root, ...others.sort((a, b) => a - b)];
  const inside = polynomial.monomials.filter((monomial) => monomial.variables.every((variable) => variables.includes(variable)));
  return { root, variables, monomials: inside };
}
