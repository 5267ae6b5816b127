import { fail } from '../errors.ts';
import { resolveMechanism } from '../polynomial/catalogue.ts';
import { parsePolynomial } from '../polynomial/parse.ts';
import type { Polynomial } from '../polynomial/polynomial.ts';
import { checkModes, readApproximation, readErrorReport } from './approximation.ts';
import type { Envelope } from './envelope.ts';
import { resolveLengths } from './lengths.ts';
import { resolveMask } from './mask.ts';
import { type OperandsByRole, operandsLike, readOperands } from './operands.ts';
import { type Options, OptionsSchema } from './options.ts';
import { checkScoreRange } from './range.ts';
import { Readings } from './readings.ts';
import type { AttentionRequest, Problem } from './request.ts';
import { validate } from './validate.ts';

const MAX_WEIGHT_ROWS = 512;
const readings = new Readings();

/**
 * Envelope → Request: every field checked against every other, tensors sorted into their roles and brought to the compute precision.
 * @throws ServiceError `invalid_request`, `non_finite_input` or `non_finite_output`, with pointers into the body
 */
export function interpret(envelope: Envelope): AttentionRequest {
  const known = readings.get(envelope);
  if (known === undefined) {
    const request = interpretAnew(envelope);
    readings.set(envelope, request);
    return request;
  }
  const operands = operandsLike(known.operands, envelope.tensors, known.problem.precision);
  checkScoreRange(known.problem, operands);
  return { ...known, operands };
}

function interpretAnew(envelope: Envelope): AttentionRequest {
  const options = validate(OptionsSchema, envelope.options);
  checkModes(options);
  const polynomial = choosePolynomial(options);
  const operands = readOperands(envelope.tensors, polynomial.variableCount, options.precision);
  const problem = describeProblem(polynomial, operands, options, envelope.tensors);
  if (options.output.weights) checkWeights(problem.rows);
  checkScoreRange(problem, operands.byName);
  return {
    problem,
    operands: operands.byName,
    lengths: resolveLengths(options.mask.lengths, problem),
    outputRank: operands.outputRank,
    output: options.output,
    errorReport: readErrorReport(options),
    timeoutMs: options.timeoutMs,
  };
}

/** The polynomial that the client named, by text or by catalogue name: exactly one of the two. */
export function choosePolynomial(options: { polynomial?: string | undefined; mechanism?: string | undefined }): Polynomial {
  const { polynomial, mechanism } = options;
  if ((polynomial === undefined) === (mechanism === undefined)) {
    const detail = `Exactly one of 'polynomial' and 'mechanism' names h; ${polynomial === undefined ? 'neither was' : 'both were'} given`;
    fail('invalid_request', detail, { errors: [{ pointer: '/polynomial', detail }] });
  }
  if (polynomial !== undefined) return parsePolynomial(polynomial);
  const found = resolveMechanism(mechanism as string);
  if (found === undefined) {
    const detail = `There is no mechanism of this name; GET /v1/mechanisms lists them`;
    fail('invalid_request', detail, { errors: [{ pointer: '/mechanism', detail }] });
  }
  return found.polynomial;
}

function describeProblem(
  polynomial: Polynomial,
  operands: OperandsByRole,
  options: Options,
  tensors: Envelope['tensors'],
): Problem {
  const { d, dv, batch, heads, variables } = operands;
  return {
    polynomial,
    batch,
    heads,
    rows: operands.rows,
    d,
    dv,
    hasValues: variables.map((variable) => variable.values !== null),
    hasBias: variables.map((variable) => variable.bias !== null),
    scale: resolveScale(options.scale, d),
    mask: resolveMask(options, polynomial),
    projected: operands.projected,
    mode: options.mode,
    ...(options.mode !== 'exact' && { approximation: readApproximation(options, tensors) }),
    algorithm: options.algorithm,
    precision: options.precision,
    backend: options.backend,
  };
}

/** The number that multiplies h: the paper's 1/d, the usual 1/sqrt(d), or what the client gave. */
export function resolveScale(scale: Options['scale'], d: number): number {
  if (scale === '1/d') return 1 / d;
  return scale === '1/sqrt(d)' ? 1 / Math.sqrt(d) : scale;
}

/** Marginal weights are n1×n_j for every variable: for small problems only. */
function checkWeights(rows: readonly number[]): void {
  const actual = Math.max(...rows);
  if (actual <= MAX_WEIGHT_ROWS) return;
  const detail = `weights are returned for at most ${MAX_WEIGHT_ROWS} rows; here a variable has ${actual}`;
  fail('invalid_request', detail, { errors: [{ pointer: '/output/weights', detail }], limit: MAX_WEIGHT_ROWS, actual });
}
