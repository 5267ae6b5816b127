import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SETS } from './sets.ts';

const objects = fileURLToPath(new URL('../../../build/native/objects-polyattention', import.meta.url));

/** Otherwise the linker could keep, of two equal inline functions, the one that a lesser machine cannot run. */
it.each(SETS)('shares no function compiled for $isa with another instruction set', ({ isa }) => {
  const symbols = execFileSync('nm', ['--defined-only', `${objects}/kernels-${isa}.o`], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(' '))
    .filter(([, type]) => type !== undefined && /^[TWVuBDG]$/.test(type))
    .map(([, , name]) => name);
  expect(symbols.length).toBeGreaterThan(0);
  const own = new RegExp(`^_ZN?.*4poly${isa.length}${isa}|^_ZN4poly${isa.length + 5}${isa}TableEv$`);
  expect(symbols.filter((name) => !own.test(name))).toEqual([]);
});
