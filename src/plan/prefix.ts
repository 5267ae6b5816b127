import type { Monomial } from '../../kernels/backend.ts';
import type { MaskedBlock } from './block.ts';
import { addStage, bytesPerElement, type Draft, draftRows, input, type Message } from './draft.ts';
import { type Gathered, newMessage } from './messages.ts';
import { prefixWork } from './work.ts';

interface DepthTwo {
  readonly child: Monomial;
  readonly grandchildren: readonly { readonly variable: number; readonly coefficient: number }[];
  readonly middle: number;
}

/** Whether the block is a tree of depth two under x1 with one child, root-causal on every variable (math.md §7). */
export function isPrefix(block: MaskedBlock): boolean {
  return depthTwo(block) !== null;
}

function depthTwo({ root, variables, monomials, masks }: MaskedBlock): DepthTwo | null {
  const others = variables.filter((variable) => variable !== root);
  const causal = others.every((variable) => masks.some((mask) => mask.row === root && mask.column === variable));
  const plain = masks.every(({ row, lowest, highest }) => row === root && lowest === 0 && highest === Number.POSITIVE_INFINITY);
  const [first, ...more] = monomials.filter((monomial) => monomial.variables.includes(root));
  if (!causal || !plain || first === undefined || more.length > 0 || first.variables.length !== 2) return null;
  const middle = first.variables.find((variable) => variable !== root) as number;
  const rest = monomials.filter((monomial) => monomial !== first);
  if (rest.some((monomial) => monomial.variables.length !== 2 || !monomial.variables.includes(middle))) return null;
  const grandchildren = rest.map(({ coefficient, variables: pair }) => ({
    coefficient,
    variable: pair.find((one) => one !== middle) as number,
  }));
  return grandchildren.length === others.length - 1 ? { child: first, grandchildren, middle } : null;
}

/** The message of such a block onto x1, rows in order, in O(n^2 d) instead of n^3. */
export function prefixMessage(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>): Message {
  const tree = depthTwo(block);
  if (tree === null) throw new Error('a block that is no root-causal tree of depth two was given to prefixMessage');
  const { problem } = draft;
  const operands = (variable: number): { queries: number; values: number | null; bias: number | null } => ({
    queries: input(draft, 'q', variable),
    values: gathered.get(variable)?.values ?? null,
    bias: gathered.get(variable)?.bias ?? null,
  });
  const grandchildren = tree.grandchildren.map(({ variable, coefficient }) => ({ operands: operands(variable), coefficient }));
  const child = operands(tree.middle);
  const withValues = [child, ...grandchildren.map((one) => one.operands)].some(({ values }) => values !== null);
  const extent = { variable: block.root, count: 1 };
  const message = newMessage(draft, `prefix ${block.variables.join(',')}`, extent, withValues);
  const n = (variable: number): number => problem.rows[variable - 1] as number;
  const work = prefixWork(
    draftRows(draft, extent),
    n(tree.middle),
    tree.grandchildren.map(({ variable }) => n(variable)),
    problem.d,
    withValues ? problem.dv : 0,
    bytesPerElement(problem.precision),
  );
  const { coefficient } = tree.child;
  const queries = input(draft, 'q', block.root);
  const step = {
    kind: 'prefix',
    queries,
    child,
    coefficient,
    grandchildren,
    scale: problem.scale,
    message: message.u,
    logSumExp: message.logSumExp,
  } as const;
  addStage(draft, step, extent, 0, work);
  return message;
}
