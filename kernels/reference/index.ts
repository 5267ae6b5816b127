/** The reference back end: fp64 arithmetic in plain TypeScript whatever the operands' type, results rounded when they are stored. */
import type { Backend, BackendDescription, Matrix, Step, StepKind, TileContext, TileReport } from '../backend.ts';
import { runAccumulate } from './accumulate.ts';
import { runApply } from './apply.ts';
import { runAttend } from './attend.ts';
import { measureRates } from './calibration.ts';
import { runCombine } from './combine.ts';
import { runCompress } from './compress.ts';
import { runConditioned } from './conditioned.ts';
import { runContract } from './contract.ts';
import { runDefinition } from './definition.ts';
import { runEliminate } from './eliminate.ts';
import { runJudge } from './judge.ts';
import { runMerge } from './merge.ts';
import { runPrefix } from './prefix.ts';
import { runProject } from './project.ts';
import { runRandomFeatures } from './random-features.ts';
import { runResidual } from './residual.ts';
import { runSample } from './sample.ts';
import { runScan } from './scan.ts';
import { runSurvey } from './survey.ts';

/** `now` gives milliseconds on a clock that never goes back; only `describe` reads it. */
export function load({ now = () => performance.now() }: { readonly now?: () => number } = {}): Backend {
  return { name: 'reference', describe: () => describe(now), run };
}

function describe(now: () => number): BackendDescription {
  return {
    name: 'reference',
    precisions: ['float32', 'float64'],
    steps: Object.keys(RUNNERS) as StepKind[],
    isa: null,
    device: 'cpu',
    rates: { float32: measureRates('float32', now), float64: measureRates('float64', now) },
  };
}

type Runner<K extends StepKind> = (step: Extract<Step<Matrix>, { kind: K }>, tile: TileContext) => void;

const RUNNERS: { readonly [K in StepKind]?: Runner<K> } = {
  attend: runAttend,
  combine: runCombine,
  conditioned: runConditioned,
  merge: runMerge,
  definition: runDefinition,
  prefix: runPrefix,
  eliminate: runEliminate,
  project: runProject,
  survey: runSurvey,
  accumulate: runAccumulate,
  contract: runContract,
  apply: runApply,
  compress: runCompress,
  scan: runScan,
  sample: runSample,
  judge: runJudge,
  residual: runResidual,
  'random-features': runRandomFeatures,
};

function run(step: Step<Matrix>, tile: TileContext): TileReport {
  const runner = RUNNERS[step.kind] as Runner<StepKind> | undefined;
  if (runner === undefined) throw new Error(`the reference back end does not run ${step.kind} steps`);
  runner(step, tile);
  return { fallbackRows: 0 };
}
