/** One figure of issue 6: what was measured, and what it is to be. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** Undefined: shown for comparison. */
  readonly target?: string;
  readonly isMet?: boolean;
  /** For the JSON beside the table. */
  readonly values: Readonly<Record<string, number | string>>;
}

export function markdownTable(figures: readonly Figure[]): string {
  const lines = figures.map(({ what, measured, target, isMet }) => {
    const verdict = isMet === undefined ? '' : isMet ? 'yes' : '**no**';
    return `| ${[what, measured, target ?? '', verdict].join(' | ')} |`;
  });
  return ['| case | measured | target | met |', '|---|---|---|---|', ...lines].join('\n');
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
