/** Every instruction set of this machine as a back end of its own. Throws where the addon is missing: these tests fail, they do not skip. */
import type { Backend, Precision } from '../../../kernels/backend.ts';
import { type Addon, loadAddon } from '../../../kernels/native/addon.ts';
import { load } from '../../../kernels/native/index.ts';

export const addon: Addon = loadAddon();

export interface InstructionSet {
  readonly isa: string;
  readonly index: number; // the addon's number for it
  readonly backend: Backend;
}

export const SETS: readonly InstructionSet[] = addon.isas().map((isa, index) => ({ isa, index, backend: load({ isa }) }));

export const SETS_AND_PRECISIONS = SETS.flatMap((set) =>
  (['float32', 'float64'] as const satisfies readonly Precision[]).map((precision) => ({ ...set, precision })),
);
