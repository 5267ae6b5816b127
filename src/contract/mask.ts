import { fail } from '../errors.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import type { Polynomial } from '../polynomial/polynomial.ts';
import type { Options } from './options.ts';
import type { Problem } from './request.ts';

/**
 * The mask that a request means (math.md §7): `causal: true` is edge-causal for trees, where it costs nothing, and root-causal for
 * everything else; windows need one size for each of x2..xt.
 * @throws ServiceError `invalid_request`
 */
export function resolveMask(
  { mask, causal }: Pick<Options, 'mask'> & { causal?: boolean | undefined },
  polynomial: Polynomial,
): Problem['mask'] {
  const { type, window } = mask;
  if (causal === true && type !== 'none')
    refuse('/causal', `'causal' is a shorthand for a mask, and mask.type '${type}' was given too`);
  if (causal === true) return { type: polynomialFacts(polynomial).isForest ? 'edge-causal' : 'root-causal' };
  const windowed = type === 'edge-window' || type === 'root-window';
  if (!windowed && window !== undefined) refuse('/mask/window', `mask '${type}' takes no window; edge-window and root-window do`);
  if (!windowed) return { type };
  const needed = polynomial.variableCount - 1;
  if (window?.length !== needed) {
    refuse(
      '/mask/window',
      `mask '${type}' takes one window for each of x2..x${needed + 1}, ${needed} in all; got ${window?.length ?? 'none'}`,
    );
  }
  return { type, window };
}

function refuse(pointer: string, detail: string): never {
  fail('invalid_request', `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}
