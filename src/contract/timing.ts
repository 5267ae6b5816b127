/** Where the time of a request went before its response was written, milliseconds: `timing` of api.md §3, but for the writing itself. */
export interface Timing {
  readonly decodeMs: number;
  readonly planMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
  readonly measureMs: number;
  readonly stages: readonly StageTiming[];
}

/** One stage of a plan as it ran. `ms` is the time from its first tile's start to its last tile's end. */
export interface StageTiming {
  readonly step: string;
  readonly variable: number;
  readonly ms: number;
  readonly gflops: number;
}
