/**
 * Reads on in a run of JSON numbers by other means than JavaScript: from `at`, behind number `inRow` of a row, as long as one number follows
 * another, over the ends of rows that have exactly `row` numbers (0: no row is left). It stops in silence before whatever it does not read.
 * @param from where the next value goes; it stops where `values` is full
 * @returns how many numbers, times READ, plus how many bytes it went on
 */
export type NumberReader = (
  bytes: Uint8Array,
  at: number,
  values: Float64Array,
  from: number,
  row: number,
  inRow: number,
) => number;

/** Above all bytes that one call reads; half of it above all numbers. */
export const READ = 2 ** 23;

let reader: NumberReader | null = null;

/** This thread's. `null`: all numbers are read by JavaScript. */
export function numberReader(): NumberReader | null {
  return reader;
}

export function useNumberReader(other: NumberReader | null): void {
  reader = other;
}

/** Has this thread read with what `load()` of a module gives (kernels/native/numbers.ts). Where it fails, JavaScript reads: the back end of the same addon says why. */
export async function loadNumberReader(module: string | null): Promise<void> {
  reader = null;
  if (module === null) return;
  try {
    const { load }: { load(): NumberReader } = await import(module);
    reader = load();
  } catch {}
}
