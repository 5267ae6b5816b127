import { good, type Hostile } from './hostile-cases.ts';

/** Contradictions of the approximate modes that must be refused. */
export const APPROXIMATIONS: Hostile[] = [
  {
    name: 'an approximation in exact mode',
    body: { ...good, approximation: { tolerance: 0.1 } },
    status: 422,
    code: 'invalid_request',
    place: '/approximation',
  },
  {
    name: 'an exact algorithm in mode approximate',
    body: { ...good, mode: 'approximate', algorithm: 'definition' },
    status: 422,
    code: 'invalid_request',
    place: '/algorithm',
  },
  {
    name: 'Taylor of odd degree',
    body: { ...good, mode: 'approximate', approximation: { method: 'taylor', degree: 3 } },
    status: 422,
    code: 'invalid_request',
    place: '/approximation/degree',
  },
  {
    name: 'a tolerance below rounding',
    body: { ...good, mode: 'approximate', approximation: { tolerance: 1e-30 } },
    status: 422,
    code: 'tolerance_unreachable',
    place: '/approximation/tolerance',
  },
];
