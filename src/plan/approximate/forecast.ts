import type { Approximation, Problem } from '../../contract/request.ts';
import type { Machine, Plan } from '../plan.ts';
import { chooseApproximate } from './choose.ts';
import { approximateContext } from './context.ts';
import { momentsWanted } from './moments.ts';
import { type Survey, type SurveyedSlice, surveyedSlice } from './survey.ts';
import { compileSurvey } from './survey-plan.ts';

/**
 * What mode 'approximate' would take where no tensors are at hand: the planner itself, on a survey as it would be of entries of q uniform in ±B and of v
 * in ±1, with the time of the look before it.
 */
export interface Forecast {
  /** Milliseconds from tensors to output. */
  readonly ms: number;
  /** Those of them that grow with n. */
  readonly growingMs: number;
}

/** Of one request: its admission, the choice itself and looking its output through. */
const FIXED_MS = 0.7;
/** Beyond this many coordinates the sizes of rows alone would take long to make up. */
const LARGEST_DIMENSION = 1024;

/** Null where no method would certify the tolerance on such entries. */
export function forecast(tolerance: number, entryBound: number, given: Problem, exact: Plan, machine: Machine): Forecast | null {
  if (given.d > LARGEST_DIMENSION || given.dv > LARGEST_DIMENSION) return null;
  const wish: Approximation = {
    ...{ method: 'auto', tolerance, seed: 0, confidence: 0.999, outputType: given.precision, roundedInputs: false },
  };
  const problem: Problem = { ...given, mode: 'approximate', approximation: wish };
  const deep = momentsWanted(problem, exact);
  const context = approximateContext(problem, wish, machine, uniformSurvey(problem, entryBound, deep), problem.precision, {
    score: 0,
    value: 0,
  });
  const { plan } = chooseApproximate(context, machine, exact, new Map());
  if (plan === null) return null;
  const growingMs = compileSurvey(problem, machine, { covariances: false, moments: deep }).estimatedMs + plan.estimatedMs;
  return { ms: growingMs + FIXED_MS, growingMs };
}

/** Biases are taken for zero. */
function uniformSurvey({ rows, d, dv, hasValues }: Problem, B: number, withCovariance: boolean): Survey {
  const queries = rows.map((n, j): [string, SurveyedSlice[]] => [`q${j + 1}`, [uniform(n, d, B, withCovariance)]]);
  const values = rows.flatMap((n, j): [string, SurveyedSlice[]][] =>
    hasValues[j] ? [[`v${j + 1}`, [{ ...uniform(n, dv, 1, false), weighted: { drift: new Float64Array(dv), second: null } }]]] : [],
  );
  return new Map([...queries, ...values]);
}

/** Means are zero; the largest of n rows is as much longer than the typical one as of n sums of independent terms. */
function uniform(n: number, d: number, B: number, withCovariance: boolean): SurveyedSlice {
  const extremes = Float64Array.from({ length: 2 * d }, (_, c) => (c < d ? -B : B));
  const norms = Array.from({ length: 8 }, (_, i) => {
    const p = i + 1;
    const [mean, variance] = [1 / (p + 1), 1 / (2 * p + 1) - 1 / (p + 1) ** 2];
    const sum = d * mean + Math.sqrt(2 * Math.log(Math.max(2, n)) * d * variance);
    return B * Math.min(d, sum) ** (1 / p);
  });
  const covariance = withCovariance ? new Float64Array(d * d) : null;
  for (let c = 0; covariance !== null && c < d; c++) covariance[c * d + c] = (B * B) / 3;
  const weighted = covariance === null ? null : [...new Float64Array(d), ...covariance];
  return surveyedSlice(new Float64Array(d), extremes, [...norms, ...norms], covariance, weighted);
}
