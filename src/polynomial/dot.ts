/** Graphviz DOT of h: pairs are edges, higher monomials are boxes tied to their variables, mask edges are dashed. */

import { formatVariables, type MaskEdge, type Polynomial } from './polynomial.ts';

/** One undirected graph named `h`; x1, the variable of the output rows, has a double circle. */
export function toDot(polynomial: Polynomial, maskEdges: readonly MaskEdge[] = []): string {
  const lines = ['graph h {', '  node [shape=circle];', '  x1 [shape=doublecircle];'];
  for (let variable = 2; variable <= polynomial.variableCount; variable++) lines.push(`  x${variable};`);
  let boxes = 0;
  for (const { coefficient, variables } of polynomial.monomials) {
    const weight = coefficient === 1 ? '' : String(coefficient);
    if (variables.length === 2) {
      lines.push(`  ${variables.map((variable) => `x${variable}`).join(' -- ')}${weight === '' ? '' : ` [label="${weight}"]`};`);
      continue;
    }
    boxes += 1;
    const label = `${weight === '' ? '' : `${weight}*`}${formatVariables(variables)}`;
    lines.push(`  m${boxes} [shape=box, label="${label}"];`, ...variables.map((variable) => `  m${boxes} -- x${variable};`));
  }
  for (const [a, b] of maskEdges) lines.push(`  x${a} -- x${b} [style=dashed, label="mask"];`);
  return `${lines.join('\n')}\n}\n`;
}
