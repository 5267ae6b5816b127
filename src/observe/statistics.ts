/** Counters of inference by model, as the Open Inference Protocol's statistics extension names them (serving.md §A.2, row 27). */

/** How often something happened, and for how many nanoseconds in all. */
export interface DurationCount {
  readonly count: number;
  readonly ns: number;
}

export const PHASES = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output'] as const;
export type Phase = (typeof PHASES)[number];

export interface ModelCounters {
  /** Milliseconds since the epoch; 0 before the first. */
  readonly lastInferenceMs: number;
  readonly phases: Readonly<Record<Phase, DurationCount>>;
}

/** Milliseconds of one inference that went well; `total` is all of it. */
export interface InferenceTimes {
  readonly total: number;
  readonly queue: number;
  readonly decode: number;
  readonly compute: number;
  readonly encode: number;
}

const NS = 1e6;

export class InferenceStatistics {
  readonly #models = new Map<string, ModelCounters>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Counters of a model; all zero where nobody asked it. */
  of(model: string): ModelCounters {
    return this.#models.get(model) ?? { lastInferenceMs: 0, phases: emptyPhases() };
  }

  succeeded(model: string, times: InferenceTimes): void {
    const { total, queue, decode, compute, encode } = times;
    this.#add(model, { success: total, queue, compute_input: decode, compute_infer: compute, compute_output: encode });
  }

  failed(model: string, totalMs: number): void {
    this.#add(model, { fail: totalMs });
  }

  #add(model: string, spent: Partial<Record<Phase, number>>): void {
    const phases = { ...this.of(model).phases };
    for (const phase of PHASES) {
      const ms = spent[phase];
      if (ms !== undefined) phases[phase] = { count: phases[phase].count + 1, ns: phases[phase].ns + Math.round(ms * NS) };
    }
    this.#models.set(model, { lastInferenceMs: this.#now(), phases });
  }
}

function emptyPhases(): Record<Phase, DurationCount> {
  const none = { count: 0, ns: 0 };
  return { success: none, fail: none, queue: none, compute_input: none, compute_infer: none, compute_output: none };
}
