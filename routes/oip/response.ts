import { rounded } from '../../src/bytes/byte-sink.ts';
import type { Envelope } from '../../src/contract/envelope.ts';
import { readingMs, type Stopwatch } from '../../src/observe/timing.ts';
import type { Result } from '../../src/schedule/result.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { OipParameters } from '../../src/wire/oip.ts';
import { resultTensors } from '../computation.ts';
import { MODEL_VERSION, type Model } from './models.ts';
import type { Inference } from './options.ts';

/** A result as an inference response before it is written: outputs, and flat parameters that say what ran and how well (api.md §6). */
export function inferResponse({ name }: Model, { id, outputs }: Inference, result: Result, stopwatch: Stopwatch): Envelope {
  const found = resultTensors(result);
  const { plan, timing, emptyRows } = result;
  return {
    tensors: new Map(outputs.map((output) => [output.name, found.get(output.source) as Tensor])),
    options: {
      model_name: name,
      model_version: MODEL_VERSION,
      id,
      parameters: {
        class: plan.class,
        algorithm: plan.algorithm,
        backend: plan.backend.name,
        empty_rows: emptyRows,
        ...approximationParameters(result),
        timing_decode_ms: rounded(readingMs(stopwatch)),
        timing_plan_ms: rounded(stopwatch.spans.plan ?? 0),
        timing_queue_ms: rounded(timing.queueMs),
        timing_compute_ms: rounded(timing.computeMs),
        timing_measure_ms: rounded(timing.measureMs),
      },
    },
  };
}

/**
 * What the modes approximate and auto did; nothing in mode exact. `error_kind` says what `error_max_abs` is: measured against the exact
 * output over `error_rows` rows, bound by the certificate, or none.
 */
function approximationParameters({ plan: { approximation }, measured }: Result): OipParameters {
  if (approximation === undefined) return {};
  const { used, method, degree, rank, samples, reason, scoreBound, certificate } = approximation;
  const bound = certificate?.maxAbsError;
  return given({
    approximation_used: used,
    approximation_reason: reason,
    method,
    degree,
    rank,
    samples,
    score_bound: scoreBound,
    certificate: certificate?.kind,
    certificate_max_abs: bound,
    certificate_confidence: certificate?.confidence,
    error_kind: measured !== null ? 'measured' : bound !== undefined ? 'bound' : 'none',
    error_max_abs: measured?.maxAbsError ?? bound,
    error_mean_abs: measured?.meanAbsError,
    error_rmse: measured?.rmse,
    error_rel_fro: measured?.relativeFrobenius,
    error_max_ulp: measured?.maxUlp,
    error_rows: measured?.rows,
  });
}

/** Without what is not known: the protocol's parameters have no null. */
function given(parameters: Record<string, OipParameters[string] | undefined>): OipParameters {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, OipParameters[string]] => entry[1] !== undefined),
  );
}
