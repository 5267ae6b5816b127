/** `node --import` this: 'vitest' is the one beside this file. */
import { registerHooks } from 'node:module';

const url = new URL('vitest.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => (specifier === 'vitest' ? { url, shortCircuit: true } : next(specifier, context)),
});
