/** The steps of the approximate modes as the addon reads them (kernels/native/src/decode-approximate.cc), shapes checked. */
import type {
  AccumulateStep,
  ApplyStep,
  ApproximateStep,
  CompressStep,
  ContractStep,
  FeatureMap,
  FloatArray,
  JudgeStep,
  Matrix,
  RandomFeaturesStep,
  ResidualStep,
  SampleStep,
  ScanStep,
  SurveyStep,
} from '../backend.ts';
import { SURVEYED_NORMS } from '../backend.ts';
import { take } from './operand.ts';

type Operand = FloatArray | null;
type Tilts = CompressStep<Matrix>['tilts'];

/** @throws Error when shapes contradict each other */
export function encodeApproximate(step: ApproximateStep<Matrix>, numbers: number[], operands: Operand[]): void {
  switch (step.kind) {
    case 'survey':
      encodeSurvey(step, numbers, operands);
      break;
    case 'accumulate':
      encodeAccumulate(step, numbers, operands);
      break;
    case 'contract':
      encodeContract(step, numbers, operands);
      break;
    case 'apply':
      encodeApply(step, numbers, operands);
      break;
    case 'compress':
      encodeCompress(step, numbers, operands);
      break;
    case 'scan':
      encodeScan(step, numbers, operands);
      break;
    case 'sample':
      encodeSample(step, numbers, operands);
      break;
    case 'judge':
      encodeJudge(step, numbers, operands);
      break;
    case 'random-features':
      encodeRandomFeatures(step, numbers, operands);
      break;
    case 'residual':
      encodeResidual(step, numbers, operands);
      break;
  }
}

function encodeSurvey(
  { input, mean, extremes, norms, covariance, bias, weighted }: SurveyStep<Matrix>,
  numbers: number[],
  operands: Operand[],
): void {
  const { rows: n, cols } = input;
  const normCount = norms?.cols ?? SURVEYED_NORMS;
  numbers.push(n, cols, normCount, weighted?.rows ?? 0);
  operands.push(
    take('input', input, n, cols),
    take('mean', mean, 1, cols),
    take('extremes', extremes, 2, cols),
    take('norms', norms, 2, normCount),
    take('covariance', covariance, cols, cols),
    take('bias', bias, n, 1),
    take('weighted', weighted, weighted?.rows ?? 0, cols),
  );
}

function encodeTilts(tilts: Tilts, cols: number, numbers: number[], operands: Operand[]): void {
  numbers.push(tilts.length, ...tilts.map(({ factor }) => factor));
  operands.push(...tilts.map(({ vector }) => take('tilt', vector, 1, cols)));
}

function encodeMap(step: FeatureMap<Matrix>, numbers: number[], operands: Operand[]): void {
  const { queries, center, stretch, degree, tilts } = step;
  const { rows: n, cols } = queries;
  numbers.push(n, cols, stretch, degree);
  operands.push(take('queries', queries, n, cols), take('center', center, 1, cols));
  encodeTilts(tilts, cols, numbers, operands);
}

/** The boundary checks lengths again, so the number of features is taken from the result here. */
function encodeAccumulate(step: AccumulateStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { queries, values, bias, parts, sums, shift } = step;
  const dv = values?.cols ?? 0;
  encodeMap(step, numbers, operands);
  numbers.push(dv, parts);
  operands.push(
    take('values', values, queries.rows, dv),
    take('bias', bias, queries.rows, 1),
    take('sums', sums, sums.rows, dv + 1),
    take('shift', shift, parts, 1),
  );
}

function encodeApply(step: ApplyStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { queries, result, resultShift, message, logSumExp } = step;
  const dv = result.cols - 1;
  encodeMap(step, numbers, operands);
  numbers.push(dv);
  operands.push(
    take('result', result, result.rows, dv + 1),
    take('resultShift', resultShift, 1, 1),
    take('message', message, queries.rows, dv),
    take('logSumExp', logSumExp, queries.rows, 1),
  );
}

function encodeCompress(step: CompressStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { input, center, basis, tilts, parts, output, unary, residual } = step;
  const { rows: n, cols } = input;
  numbers.push(n, cols, basis.cols, parts);
  operands.push(take('input', input, n, cols), take('center', center, 1, cols), take('basis', basis, cols, basis.cols));
  encodeTilts(tilts, cols, numbers, operands);
  operands.push(take('output', output, n, basis.cols), take('unary', unary, n, 1), take('residual', residual, parts, 1));
}

function encodeContract(step: ContractStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { dimension, coefficients, monomials, sums, offsets, result, resultShift } = step;
  numbers.push(dimension, result.cols, coefficients.length - 1, ...coefficients, sums.length);
  encodeMonomials(monomials, numbers);
  for (const { sums: parted, shift, parts } of sums) {
    const wide = parted.cols === result.cols;
    numbers.push(parts, wide ? 1 : 0);
    operands.push(take('sums', parted, parted.rows, wide ? result.cols : 1), take('shift', shift, parts, 1));
  }
  encodeOffsets(offsets, numbers, operands);
  operands.push(take('result', result, result.rows, result.cols), take('resultShift', resultShift, 1, 1));
}

function encodeMonomials(monomials: ContractStep<Matrix>['monomials'], numbers: number[]): void {
  numbers.push(monomials.length);
  for (const { factor, variables } of monomials) numbers.push(factor, variables.length, ...variables);
}

/** Means keep all of their coordinates where rows were compressed. */
function encodeOffsets(offsets: ContractStep<Matrix>['offsets'], numbers: number[], operands: Operand[]): void {
  const width = offsets[0]?.left.cols ?? 0;
  numbers.push(offsets.length, width, ...offsets.map(({ factor }) => factor));
  for (const { left, right } of offsets) operands.push(take('offset', left, 1, width), take('offset', right, 1, width));
}

function encodeScan(step: ScanStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { root, others, coefficients, factor, offsets, message, logSumExp } = step;
  const dv = message?.cols ?? 0;
  encodeMap(root, numbers, operands);
  numbers.push(dv, ...coefficients, factor, others.length);
  for (const other of others) {
    const { rows } = other.queries;
    encodeMap(other, numbers, operands);
    numbers.push(other.lowest, other.highest);
    operands.push(take('values', other.values, rows, dv), take('bias', other.bias, rows, 1));
  }
  encodeOffsets(offsets, numbers, operands);
  operands.push(take('message', message, root.queries.rows, dv), take('logSumExp', logSumExp, root.queries.rows, 1));
}

function encodeSample(step: SampleStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { operands: sampled, monomials, seed, keys, bias, doubledBias, values, moments } = step;
  const { rows: m, cols: d } = keys;
  const dv = values?.cols ?? 0;
  numbers.push(m, d, dv, seed, sampled.length);
  for (const one of sampled) {
    const { rows } = one.queries;
    numbers.push(rows);
    operands.push(take('queries', one.queries, rows, d), take('values', one.values, rows, dv), take('bias', one.bias, rows, 1));
  }
  encodeMonomials(monomials, numbers);
  operands.push(take('keys', keys, m, d), take('bias', bias, m, 1), take('doubledBias', doubledBias, m, 1));
  operands.push(take('values', values, m, dv), take('moments', moments, m, 2 * dv));
}

function encodeJudge(step: JudgeStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { message, logSumExp, moments, squaredLogSumExp, bound, scaled, drawnFrom } = step;
  const { rows: n } = logSumExp;
  const dv = message?.cols ?? 0;
  const logTuples = drawnFrom.reduce((sum, { rows }) => sum + Math.log(rows), 0);
  numbers.push(n, dv, step.samples, step.logOdds, step.range, step.largestScore, step.rounding, logTuples);
  operands.push(take('message', message, n, dv), take('logSumExp', logSumExp, n, 1), take('moments', moments, n, 2 * dv));
  operands.push(take('squaredLogSumExp', squaredLogSumExp, n, 1), take('bound', bound, n, 1), take('scaled', scaled, n, 1));
}

function encodeRandomFeatures(step: RandomFeaturesStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { input, factor, seed, output } = step;
  numbers.push(input.rows, input.cols, output.cols, factor, seed);
  operands.push(take('input', input, input.rows, input.cols), take('output', output, input.rows, output.cols));
}

function encodeResidual(step: ResidualStep<Matrix>, numbers: number[], operands: Operand[]): void {
  const { queries, keys, bias, values, moments, coefficients, average, logSum, message, bound, scaled, drawnFrom } = step;
  const [n, m, d, dv] = [queries.rows, keys.rows, keys.cols, values.cols];
  const logTuples = drawnFrom.reduce((sum, { rows }) => sum + Math.log(rows), 0);
  numbers.push(n, m, d, dv, coefficients.length - 1, ...coefficients, step.logOdds, step.range, step.most);
  numbers.push(step.rounding.weight, step.rounding.sum, logTuples);
  operands.push(take('queries', queries, n, d), take('keys', keys, m, d), take('bias', bias, m, 1));
  operands.push(take('values', values, m, dv), take('moments', moments, m, 2 * dv));
  operands.push(take('average', average, n, dv), take('logSum', logSum, n, 1));
  operands.push(take('message', message, n, dv), take('bound', bound, n, 1), take('scaled', scaled, n, 1));
}
