import { cpus, loadavg } from 'node:os';
import type { Chunk, MethodCounts } from './certify-chunk.ts';

interface Range {
  readonly from: number;
  readonly cases: number;
  /** Fingerprint of what was judged. */
  readonly sources: string;
}

/** Counts and quantiles by method as Markdown. */
export function report(chunks: readonly Chunk[], { from, cases, sources }: Range): string {
  const names = [...new Set(chunks.flatMap(({ methods }) => Object.keys(methods)))].sort();
  const counts = new Map(names.map((name) => [name, merged(chunks.flatMap(({ methods }) => methods[name] ?? []))]));
  const all = merged([...counts.values()]);
  const violations = chunks.flatMap((chunk) => chunk.violations);
  const seconds = chunks.reduce((sum, chunk) => sum + chunk.seconds, 0);
  return `# Certificates against measured errors

\`npm run certify -- --cases=${cases} --from=${from}\`: seeds ${from} to ${from + cases - 1}, sources ${sources}, ${cpus()[0]?.model}, ${(seconds / 60).toFixed(0)} process
minutes (load at the end ${loadavg()[0]?.toFixed(1)}). ${all.answered} requests were answered, ${all.answered - all.probabilistic} of them with a proved certificate or
exactly; ${all.refused} were refused because nothing certified their tolerance.

**${violations.length} violations of a proved certificate.** Of ${all.probabilistic} probabilistic certificates, at confidences from 0.5 to 0.999, ${all.missed} were missed by an
entry; their confidences allow ${all.allowance.toFixed(0)} entries.

| method | answered | refused | violations | certified / measured: least | 10 % | median | 90 % |
|---|---|---|---|---|---|---|---|
${[...counts].map(([name, own]) => row(name, own, violations)).join('\n')}

Requests are small and their tolerances go down to 1e-7, so many ratios are those of rounding, where worst and typical case lie apart by more than in
the error of a polynomial: bench/results/approximate.md has the ratios of the sizes that the methods are for.
${violations.length > 0 ? `\n${violations.map((line) => `- ${line}`).join('\n')}\n` : ''}`;
}

function row(name: string, { answered, refused, ratios }: MethodCounts, violations: readonly string[]): string {
  const sorted = [...ratios].sort((a, b) => a - b);
  const quantile = (p: number): string => (sorted[Math.floor(p * (sorted.length - 1))] ?? Number.NaN).toPrecision(3);
  const own = violations.filter((line) => line.includes(`"method":"${name}"`)).length;
  return `| ${name} | ${answered} | ${refused} | ${own} | ${[0, 0.1, 0.5, 0.9].map(quantile).join(' | ')} |`;
}

function merged(all: readonly MethodCounts[]): MethodCounts {
  const sum = (of: (one: MethodCounts) => number): number => all.reduce((total, one) => total + of(one), 0);
  return {
    answered: sum((one) => one.answered),
    refused: sum((one) => one.refused),
    probabilistic: sum((one) => one.probabilistic),
    missed: sum((one) => one.missed),
    allowance: sum((one) => one.allowance),
    ratios: all.flatMap((one) => one.ratios),
  };
}
