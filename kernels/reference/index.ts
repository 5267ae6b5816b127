/** The reference back end: fp64 arithmetic in plain TypeScript whatever the operands' type, results rounded when they are stored. */
import type { Backend, BackendDescription, Matrix, Step, TileContext, TileReport } from '../backend.ts';
import { runAttend } from './attend.ts';
import { measureRates } from './calibration.ts';
import { runCombine } from './combine.ts';
import { runConditioned } from './conditioned.ts';
import { runDefinition } from './definition.ts';
import { runEliminate } from './eliminate.ts';
import { runMerge } from './merge.ts';
import { runPrefix } from './prefix.ts';
import { runProject } from './project.ts';

/** `now` gives milliseconds on a clock that never goes back; only `describe` reads it. */
export function load({ now = () => performance.now() }: { readonly now?: () => number } = {}): Backend {
  return { name: 'reference', describe: () => describe(now), run };
}

function describe(now: () => number): BackendDescription {
  return {
    name: 'reference',
    precisions: ['float32', 'float64'],
    steps: ['attend', 'combine', 'conditioned', 'merge', 'definition', 'prefix', 'eliminate', 'project'],
    isa: null,
    device: 'cpu',
    rates: { float32: measureRates('float32', now), float64: measureRates('float64', now) },
  };
}

function run(step: Step<Matrix>, tile: TileContext): TileReport {
  switch (step.kind) {
    case 'attend':
      runAttend(step, tile);
      break;
    case 'combine':
      runCombine(step, tile);
      break;
    case 'conditioned':
      runConditioned(step, tile);
      break;
    case 'merge':
      runMerge(step, tile);
      break;
    case 'definition':
      runDefinition(step, tile);
      break;
    case 'prefix':
      runPrefix(step, tile);
      break;
    case 'eliminate':
      runEliminate(step, tile);
      break;
    case 'project':
      runProject(step, tile);
      break;
    default:
      throw new Error(`the reference back end does not run ${step.kind} steps`);
  }
  return { fallbackRows: 0 };
}
