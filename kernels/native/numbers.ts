/** Runs of JSON numbers by the compiled module, for those who read texts and compute nothing. */
import { type Addon, loadAddon } from './addon.ts';

/** @throws Error with the reason when the addon is missing, does not load, or was built before it had this. */
export function load(path?: string): Addon['readNumbers'] {
  const { readNumbers }: Partial<Addon> = loadAddon(path);
  if (readNumbers === undefined) throw new Error('the native kernels are of another version: run scripts/build-native');
  return readNumbers;
}
