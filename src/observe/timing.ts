/** Milliseconds by stage of the street (api.md §3), with one clock that can be read at any time. */
export interface Stopwatch {
  /** Milliseconds since the request came in. */
  elapsed(): number;
  /** Runs `work` and keeps its duration under `name`. */
  time<T>(name: string, work: () => T): T;
  /** The same for work that is done elsewhere, waiting included. */
  timeAsync<T>(name: string, work: () => Promise<T>): Promise<T>;
  readonly spans: Record<string, number>;
}

/** What the contract calls reading the body: its receipt and its decoding. */
export function readingMs({ spans }: Stopwatch): number {
  return (spans.receive ?? 0) + (spans.decode ?? 0);
}

export function startStopwatch(now: () => number = performance.now.bind(performance)): Stopwatch {
  const began = now();
  const spans: Record<string, number> = {};
  return {
    elapsed: () => now() - began,
    time: (name, work) => {
      const start = now();
      try {
        return work();
      } finally {
        spans[name] = now() - start;
      }
    },
    timeAsync: async (name, work) => {
      const start = now();
      try {
        return await work();
      } finally {
        spans[name] = now() - start;
      }
    },
    spans,
  };
}

/** The `Server-Timing` header (W3C): `decode;dur=0.4, plan;dur=0.1`. */
export function serverTiming(spans: Readonly<Record<string, number>>): string {
  let header = '';
  for (const name in spans) header += `${header === '' ? '' : ', '}${name};dur=${(spans[name] as number).toFixed(3)}`;
  return header;
}

/** Three decimals are enough for milliseconds. */
export function rounded(ms: number): number {
  return Math.round(ms * 1e3) / 1e3;
}
