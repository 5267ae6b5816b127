/**
 * On which continent is Toronto? The tables say Toronto → Canada and Canada → North America; the answer takes both.
 *
 *   node examples/two-hop/main.ts http://127.0.0.1:8080        asks the service and prints the answers
 *   node examples/two-hop/main.ts --request                    prints the request instead
 *
 * Ends with 1 when an answer is wrong, with 2 when there was none.
 */
import { buildTwoHop, type Tensor, type TwoHop } from './embedding.ts';

interface AttentionResponse {
  readonly output: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly plan: Readonly<Record<'class' | 'algorithm' | 'backend', string>>;
  readonly timing: Readonly<Record<'decodeMs' | 'planMs' | 'queueMs' | 'computeMs' | 'encodeMs' | 'totalMs', number>>;
}

/** What one head says about one city. */
interface Answer {
  /** The word with the most mass. */
  readonly word: string;
  /** The continent with the most mass, however little that is. */
  readonly continent: string;
  /** The mass on the right continent. */
  readonly mass: number;
}

interface Request {
  readonly mechanism: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

function pathRequest({ tensors }: TwoHop): Request {
  return { mechanism: 'path(3)', tensors: { ...tensors } };
}

/** The same tokens for a head of self-attention: the same queries, the same keys, the same values. */
function selfRequest({ tensors }: TwoHop): Request {
  return { mechanism: 'self', tensors: { q1: tensors.q1, q2: tensors.q2, v2: tensors.v3 } };
}

async function ask(url: string, request: Request): Promise<AttentionResponse> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/attention`, { method: 'POST', headers, body: JSON.stringify(request) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as AttentionResponse;
}

function mostMass(words: readonly string[], mass: (word: string) => number): string {
  return words.reduce((best, word) => (mass(word) > mass(best) ? word : best));
}

function readAnswers({ cities, truth, vocabulary, continents }: TwoHop, { output }: AttentionResponse): Answer[] {
  if (output.data.length !== cities.length * vocabulary.length) throw new Error(`an output of shape ${output.shape}`);
  const columnOf = new Map(vocabulary.map((word, column) => [word, column]));
  return cities.map((_, row) => {
    const mass = (word: string): number => output.data[row * vocabulary.length + (columnOf.get(word) ?? 0)] ?? 0;
    return { word: mostMass(vocabulary, mass), continent: mostMass(continents, mass), mass: mass(truth[row] ?? '') };
  });
}

function printTable({ cities, truth }: TwoHop, path: readonly Answer[], self: readonly Answer[]): void {
  const line = (...cells: string[]): string =>
    cells
      .map((cell) => cell.padEnd(18))
      .join('')
      .trimEnd();
  console.log(line('', 'path(3)', 'mass', 'correct', 'self', 'mass on the continent'));
  for (const [row, city] of cities.entries()) {
    const [two, one] = [path[row], self[row]];
    if (!two || !one) continue;
    const correct = two.word === truth[row] ? 'yes' : `NO: ${truth[row]}`;
    console.log(line(city, two.word, two.mass.toFixed(6), correct, one.word, one.mass.toExponential(1)));
  }
}

function printTiming(name: string, { plan, timing }: AttentionResponse): void {
  const { decodeMs, planMs, queueMs, computeMs, encodeMs, totalMs } = timing;
  const parts = `decode ${decodeMs}, plan ${planMs}, queue ${queueMs}, compute ${computeMs}, encode ${encodeMs}, total ${totalMs}`;
  console.log(`${name.padEnd(8)} ${plan.class}, ${plan.algorithm}, ${plan.backend}; ms: ${parts}`);
}

function printSummary(hop: TwoHop, path: readonly Answer[], self: readonly Answer[]): void {
  const { cities, truth, continents } = hop;
  const count = (right: (row: number) => boolean): string => `${cities.filter((_, row) => right(row)).length} of ${cities.length}`;
  const common = mostMass(continents, (continent) => truth.filter((other) => other === continent).length);
  const wrongMass = Math.max(...path.map(({ mass }) => 1 - mass));
  console.log(
    `path(3)  ${count((row) => path[row]?.word === truth[row])} right; at most ${wrongMass.toExponential(1)} of the mass on wrong words (bound ${hop.wrongMassBound.toExponential(1)})`,
  );
  console.log(
    `self     ${count((row) => self[row]?.word === truth[row])} right: it names the country; at most ${Math.max(...self.map(({ mass }) => mass)).toExponential(1)} of the mass on the right continent`,
  );
  console.log(
    `         ${count((row) => self[row]?.continent === truth[row])} right when only continents count; always saying ${common} gets ${count((row) => truth[row] === common)}`,
  );
}

async function main(argument: string | undefined): Promise<number> {
  const hop = buildTwoHop();
  if (argument === '--request') {
    console.log(JSON.stringify(pathRequest(hop)));
    return 0;
  }
  if (argument === undefined) throw new Error('usage: node examples/two-hop/main.ts URL | --request');
  const url = argument.replace(/\/+$/, '');
  const [twoHops, oneHop] = [await ask(url, pathRequest(hop)), await ask(url, selfRequest(hop))];
  const [path, self] = [readAnswers(hop, twoHops), readAnswers(hop, oneHop)];

  const toronto = path[hop.cities.indexOf('Toronto')];
  console.log(`On which continent is Toronto? ${toronto?.word} (mass ${toronto?.mass.toFixed(6)})`);
  console.log(
    `${hop.cities.length} cities, ${hop.tokens} tokens, d = ${hop.d}, gap = ${hop.gap}, sigma = ${hop.sigma.toFixed(3)}\n`,
  );
  printTable(hop, path, self);
  console.log();
  printSummary(hop, path, self);
  printTiming('path(3)', twoHops);
  printTiming('self', oneHop);
  return path.every(({ word }, row) => word === hop.truth[row]) ? 0 : 1;
}

process.exitCode = await main(process.argv[2]).catch((error: unknown) => {
  console.error(error instanceof Error ? `${error.message}${error.cause ? `: ${error.cause}` : ''}` : error);
  return 2;
});
