/** Requests that must be refused, each with the place that the problem has to name. */

const ROWS = [
  [1, 0],
  [0, 1],
];
export const good = { polynomial: 'x1*x2', tensors: { q1: ROWS, q2: ROWS, v2: ROWS } };
const tensorsText = '"q1":[[1,0]],"q2":[[1,0]]';

const changed = (tensors: Record<string, unknown>, rest: Record<string, unknown> = {}): unknown => ({
  ...good,
  ...rest,
  tensors: { ...good.tensors, ...tensors },
});

export interface Hostile {
  readonly name: string;
  readonly body: unknown;
  readonly status: number;
  readonly code: string;
  /** A pointer, or words that the detail must contain. */
  readonly place: string | RegExp;
}

export const CASES: Hostile[] = [
  { name: 'no JSON', body: '{"polynomial": "x1*x2", ', status: 400, code: 'malformed', place: /position|column|offset|byte|end/i },
  { name: 'an empty body', body: '', status: 400, code: 'malformed', place: /empty/i },
  { name: 'an array', body: '[]', status: 400, code: 'malformed', place: /object/i },
  {
    name: 'a bare NaN',
    body: `{"polynomial":"x1*x2","tensors":{${tensorsText},"v2":[[NaN]]}}`,
    status: 400,
    code: 'malformed',
    place: /NaN|N/,
  },
  {
    name: '1e400',
    body: `{"polynomial":"x1*x2","tensors":{${tensorsText},"v2":[[1e400]]}}`,
    status: 422,
    code: 'non_finite_input',
    place: '/tensors/v2',
  },
  { name: '1e39 as float32', body: changed({ v2: [[1e39], [1]] }), status: 422, code: 'non_finite_input', place: '/tensors/v2' },
  {
    name: 'duplicate keys',
    body: '{"polynomial":"x1*x2","polynomial":"x1*x2","tensors":{}}',
    status: 400,
    code: 'malformed',
    place: /polynomial/,
  },
  {
    name: 'duplicate tensors',
    body: '{"polynomial":"x1*x2","tensors":{"q1":[[1]],"q2":[[1]],"v2":[[1]],"v2":[[2]]}}',
    status: 400,
    code: 'malformed',
    place: '/tensors/v2',
  },
  {
    name: '__proto__ as a tensor',
    body: `{"polynomial":"x1*x2","tensors":{${tensorsText},"__proto__":[[1]]}}`,
    status: 400,
    code: 'malformed',
    place: '/tensors/__proto__',
  },
  {
    name: 'constructor as a tensor',
    body: changed({ constructor: ROWS }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/constructor',
  },
  { name: 'a depth bomb', body: `{"tensors":{"q1":${'['.repeat(100_000)}`, status: 400, code: 'malformed', place: /depth|nest/i },
  {
    name: 'a lone surrogate in the polynomial',
    body: '{"polynomial":"x1*x2\\ud800","tensors":{}}',
    status: 400,
    code: 'malformed',
    place: /surrogate/i,
  },
  {
    name: 'a lone surrogate as a tensor name',
    body: '{"polynomial":"x1*x2","tensors":{"\\ud800":[[1]]}}',
    status: 400,
    code: 'malformed',
    place: /surrogate/i,
  },
  {
    name: 'bytes that are no UTF-8',
    body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    status: 400,
    code: 'malformed',
    place: /UTF-8/i,
  },
  {
    name: 't = 9',
    body: { polynomial: 'x1*x2*x3*x4*x5*x6*x7*x8*x9', tensors: {} },
    status: 422,
    code: 'invalid_request',
    place: '/polynomial',
  },
  { name: 'x1*x1', body: { polynomial: 'x1*x1', tensors: {} }, status: 422, code: 'invalid_request', place: '/polynomial' },
  { name: 'a gap', body: { polynomial: 'x1*x3', tensors: {} }, status: 422, code: 'invalid_request', place: '/polynomial' },
  { name: 'no x1', body: { polynomial: 'x2*x3', tensors: {} }, status: 422, code: 'invalid_request', place: '/polynomial' },
  {
    name: 'a linear term',
    body: { polynomial: 'x1*x2 + x2', tensors: {} },
    status: 422,
    code: 'invalid_request',
    place: /bias|b_?2/i,
  },
  {
    name: 'an unknown mechanism',
    body: { mechanism: 'selv', tensors: {} },
    status: 422,
    code: 'invalid_request',
    place: '/mechanism',
  },
  {
    name: 'a parameter out of range',
    body: { mechanism: 'path(9)', tensors: {} },
    status: 422,
    code: 'invalid_request',
    place: '/mechanism',
  },
  { name: 'both names', body: { ...good, mechanism: 'self' }, status: 422, code: 'invalid_request', place: '/polynomial' },
  { name: 'neither name', body: { tensors: good.tensors }, status: 422, code: 'invalid_request', place: '/polynomial' },
  {
    name: 'a missing tensor',
    body: { polynomial: 'x1*x2', tensors: { q1: ROWS, v2: ROWS } },
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2',
  },
  { name: 'a v1', body: changed({ v1: ROWS }), status: 422, code: 'invalid_request', place: '/tensors/v1' },
  { name: 'a q3 too many', body: changed({ q3: ROWS }), status: 422, code: 'invalid_request', place: '/tensors/q3' },
  { name: 'rows that differ', body: changed({ v2: [[1, 2]] }), status: 422, code: 'invalid_request', place: '/tensors/v2' },
  { name: 'columns that differ', body: changed({ q2: [[1], [2]] }), status: 422, code: 'invalid_request', place: '/tensors/q2' },
  { name: 'a ragged tensor', body: changed({ q2: [[1, 2], [3]] }), status: 422, code: 'invalid_request', place: '/tensors/q2/1' },
  {
    name: 'n = 0',
    body: changed({ q2: { shape: [0, 2], data: [] }, v2: { shape: [0, 2], data: [] } }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2',
  },
  {
    name: 'a negative size',
    body: changed({ q2: { shape: [-1, 2], data: [] } }),
    status: 422,
    code: 'invalid_request',
    place: /\/tensors\/q2/,
  },
  {
    name: 'a fraction of a size',
    body: changed({ q2: { shape: [1.5, 2], data: [1, 2, 3] } }),
    status: 422,
    code: 'invalid_request',
    place: /\/tensors\/q2/,
  },
  {
    name: 'a product that overflows',
    body: changed({ q2: { shape: [2 ** 40, 2 ** 40], data: [] } }),
    status: 413,
    code: 'too_large',
    place: /MAX_BODY_BYTES/,
  },
  {
    name: 'too few elements',
    body: changed({ q2: { shape: [2, 2], data: [1, 2, 3] } }),
    status: 422,
    code: 'invalid_request',
    place: /\/tensors\/q2/,
  },
  {
    name: 'text among numbers',
    body: changed({
      q2: [
        [1, '2'],
        [3, 4],
      ],
    }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2/0/1',
  },
  {
    name: 'a null element',
    body: changed({
      q2: [
        [1, null],
        [3, 4],
      ],
    }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2/0/1',
  },
  {
    name: 'an int32 q',
    body: changed({ q2: { shape: [2, 2], dtype: 'int32', data: [1, 2, 3, 4] } }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2',
  },
  {
    name: 'an unknown dtype',
    body: changed({ q2: { shape: [2, 2], dtype: 'float8', data: [1, 2, 3, 4] } }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2/dtype',
  },
  {
    name: 'bad base64',
    body: changed({ q2: { shape: [1, 1], base64: '!!!!' } }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2/base64',
  },
  {
    name: 'base64 of another length',
    body: changed({ q2: { shape: [2, 2], base64: 'AAAA' } }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2/base64',
  },
  {
    name: 'NaN in base64',
    body: changed({
      q2: { shape: [2, 2], base64: Buffer.from(new Float32Array([1, Number.NaN, 2, 3]).buffer).toString('base64') },
    }),
    status: 422,
    code: 'non_finite_input',
    place: '/tensors/q2',
  },
  { name: 'five dimensions', body: changed({ q2: [[[[[1, 2]]]]] }), status: 422, code: 'invalid_request', place: '/tensors/q2' },
  {
    name: 'heads that do not divide',
    body: changed({ q1: [ROWS, ROWS, ROWS], q2: [ROWS, ROWS] }),
    status: 422,
    code: 'invalid_request',
    place: '/tensors/q2',
  },
  { name: 'no tensors', body: { polynomial: 'x1*x2' }, status: 422, code: 'invalid_request', place: /tensors/ },
  { name: 'an unknown field', body: { ...good, tolerance: 1 }, status: 422, code: 'invalid_request', place: '/tolerance' },
  { name: 'an unknown backend', body: { ...good, backend: 'cuda' }, status: 422, code: 'invalid_request', place: '/backend' },
  {
    name: 'a backend left out',
    body: { ...good, backend: 'webgpu' },
    status: 422,
    code: 'unsupported_on_backend',
    place: '/backend',
  },
  {
    name: 'an algorithm that does not apply',
    body: { ...good, algorithm: 'cycle-gemm' },
    status: 422,
    code: 'invalid_request',
    place: '/algorithm',
  },
  {
    name: 'too many lengths',
    body: { ...good, mask: { lengths: [1, 2] } },
    status: 422,
    code: 'invalid_request',
    place: '/mask/lengths',
  },
  {
    name: 'a length beyond n',
    body: { ...good, mask: { lengths: { 2: [3] } } },
    status: 422,
    code: 'invalid_request',
    place: '/mask/lengths/2/0',
  },
  {
    name: 'lengths of x9',
    body: { ...good, mask: { lengths: { 9: [1] } } },
    status: 422,
    code: 'invalid_request',
    place: '/mask/lengths/9',
  },
  { name: 'a scale that is text', body: { ...good, scale: '1/e' }, status: 422, code: 'invalid_request', place: '/scale' },
  {
    name: 'a scale, for what it may be',
    body: { ...good, scale: '1/e' },
    status: 422,
    code: 'invalid_request',
    place: /'1\/sqrt\(d\)' or a number/,
  },
  { name: 'a deadline of zero', body: { ...good, timeoutMs: 0 }, status: 422, code: 'invalid_request', place: '/timeoutMs' },
  {
    name: 'a body over MAX_JSON_BYTES',
    body: JSON.stringify({ ...good, x: 'y'.repeat(2_000_001) }),
    status: 413,
    code: 'too_large',
    place: /MAX_JSON_BYTES/,
  },
];
