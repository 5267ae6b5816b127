import { fail } from '../errors.ts';
import type { Envelope } from './envelope.ts';
import type { Options } from './options.ts';
import type { Approximation, AttentionRequest } from './request.ts';

/** Absolute bound on the output's error where the client says neither that nor the size of the approximation. */
export const DEFAULT_TOLERANCE = 1e-3;

/**
 * Options that contradict the mode are refused, never ignored.
 * @throws ServiceError `invalid_request`
 */
export function checkModes({ mode, algorithm, approximation, errorReport }: Options): void {
  const approximate = mode !== 'exact';
  const refused: [boolean, string, string][] = [
    [
      !approximate && approximation !== undefined,
      '/approximation',
      "'approximation' belongs to the modes 'approximate' and 'auto'; this request's mode is 'exact'",
    ],
    [
      !approximate && errorReport !== undefined && errorReport.type !== 'none',
      '/errorReport/type',
      "an error report measures an approximate answer; in mode 'exact' only 'none' makes sense",
    ],
    [
      mode === 'approximate' && algorithm !== 'auto',
      '/algorithm',
      `algorithm '${algorithm}' is an exact one; it goes with the modes 'exact' and 'auto'`,
    ],
    [
      approximation?.method === 'taylor' && (approximation.degree ?? 0) % 2 === 1,
      '/approximation/degree',
      'Taylor polynomials of odd degree are not positive everywhere (math.md §3.6); take an even degree, or minimax',
    ],
  ];
  const errors = refused.filter(([is]) => is).map(([, pointer, detail]) => ({ pointer, detail }));
  if (errors[0]) fail('invalid_request', `${errors[0].pointer}: ${errors[0].detail}`, { errors });
}

export function readApproximation({ approximation, precision, output }: Options, tensors: Envelope['tensors']): Approximation {
  const { method = 'auto', tolerance, seed = 1, confidence = 0.999, degree, features, samples } = approximation ?? {};
  const sized = degree !== undefined || features !== undefined || samples !== undefined;
  return {
    ...{ method, seed, confidence, degree, features, samples },
    tolerance: tolerance ?? (sized ? Number.POSITIVE_INFINITY : DEFAULT_TOLERANCE),
    outputType: output.dtype ?? precision,
    roundedInputs: precision === 'float32' && [...tensors.values()].some(({ dtype }) => dtype === 'float64'),
  };
}

export function readErrorReport({ errorReport, approximation }: Options): AttentionRequest['errorReport'] {
  if (errorReport === undefined || errorReport.type === 'none') return null;
  return { type: errorReport.type, rows: errorReport.rows, seed: approximation?.seed ?? 1 };
}
