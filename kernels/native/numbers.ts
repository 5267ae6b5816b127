/** Runs of JSON numbers by the compiled module, for those who read texts and compute nothing. */
import { type Addon, loadAddon } from './addon.ts';

/** @throws Error with the reason when the addon is missing or does not load. */
export function load(path?: string): Addon['readNumbers'] {
  return loadAddon(path).readNumbers;
}
