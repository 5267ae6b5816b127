/** Every instruction set of this machine as a back end of its own. Throws where the addon is missing: these tests fail, they do not skip. */
import type { Precision } from '../../../kernels/backend.ts';
import { type Addon, loadAddon } from '../../../kernels/native/addon.ts';
import { load, type NativeBackend } from '../../../kernels/native/index.ts';

/** The sanitizers' build takes the place of the release build in a run of its own (sanitize.test.ts). */
const path = process.env.NATIVE_ADDON_PATH;

export const addon: Addon = loadAddon(path);

export interface InstructionSet {
  readonly isa: string;
  readonly index: number; // the addon's number for it
  readonly backend: NativeBackend;
}

export const SETS: readonly InstructionSet[] = addon.isas().map((isa, index) => ({ isa, index, backend: load({ isa, path }) }));

export const SETS_AND_PRECISIONS = SETS.flatMap((set) =>
  (['float32', 'float64'] as const satisfies readonly Precision[]).map((precision) => ({ ...set, precision })),
);
