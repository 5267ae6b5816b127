import type { Envelope } from '../../src/contract/envelope.ts';
import { fail } from '../../src/errors.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { OIP_DATATYPES, type OipOptions, type OipParameters } from '../../src/wire/oip.ts';
import type { Model } from './models.ts';

/** A request of the Open Inference Protocol → what the contract takes: inputs by role, flat parameters as options (api.md §6). */

type Value = string | number | boolean;

/** Where in the options a parameter goes, and what it is made of. */
interface Meaning {
  readonly path: readonly string[];
  readonly convert?: (value: Value, name: string) => unknown;
}

const PARAMETERS: Readonly<Record<string, Meaning>> = {
  mode: { path: ['mode'] },
  algorithm: { path: ['algorithm'] },
  scale: { path: ['scale'] },
  causal: { path: ['causal'] },
  backend: { path: ['backend'] },
  precision: { path: ['precision'] },
  mask: { path: ['mask', 'type'] },
  window: { path: ['mask', 'window'], convert: toList },
  lengths: { path: ['mask', 'lengths'], convert: toList },
  method: { path: ['approximation', 'method'] },
  tolerance: { path: ['approximation', 'tolerance'] },
  seed: { path: ['approximation', 'seed'] },
  degree: { path: ['approximation', 'degree'] },
  features: { path: ['approximation', 'features'] },
  samples: { path: ['approximation', 'samples'] },
  confidence: { path: ['approximation', 'confidence'] },
  error_report: { path: ['errorReport', 'type'] },
  error_report_rows: { path: ['errorReport', 'rows'] },
  log_sum_exp: { path: ['output', 'logSumExp'] },
  output_datatype: { path: ['output', 'dtype'], convert: toDType },
  timeout: { path: ['timeoutMs'], convert: toMilliseconds },
  polynomial: { path: ['polynomial'] },
};
/** Reserved names that say nothing here: all requests have one priority, and outputs' framing is the wire's. */
const IGNORED = ['priority', 'binary_data_output', 'headers'];
/** Outputs by name, and where the result has them. */
const OUTPUTS: Readonly<Record<string, string>> = { output: 'output', log_sum_exp: 'logSumExp' };

/** What is to be computed, and how the answer is to look. */
export interface Inference {
  readonly id: string | undefined;
  readonly envelope: Envelope;
  /** Outputs in the order of the answer: name, the result's name for it, and whether it goes as bytes. */
  readonly outputs: readonly { readonly name: string; readonly source: string; readonly binary: boolean }[];
}

/** @throws ServiceError `invalid_request` for inputs, parameters and outputs that the model does not have */
export function readInference(model: Model, { tensors: inputs, options: said }: Envelope): Inference {
  const { id, parameters, outputs: asked } = said as unknown as OipOptions;
  const tensors = byRole(model, inputs);
  const options = readParameters(model, parameters);
  const wantsSum = asked?.some(({ name }) => name === 'log_sum_exp') ?? false;
  const output = { ...outputDefaults(tensors), ...(options.output as object), ...(wantsSum && { logSumExp: true }) };
  const precision = options.precision ?? (allDouble(tensors) ? 'float64' : 'float32');
  return {
    id,
    envelope: { tensors, options: { ...options, precision, output } },
    outputs: readOutputs(asked, parameters, (output as { logSumExp?: unknown }).logSumExp === true),
  };
}

function byRole({ inputs }: Model, given: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const roles = new Map(inputs.map(({ name, role }) => [name, role]));
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of given) {
    const role = roles.get(name) ?? name;
    if (tensors.has(role)) refuse('/inputs', `Two inputs are ${role}: one of them is ${name}`);
    tensors.set(role, tensor);
  }
  return tensors;
}

function readParameters(model: Model, parameters: OipParameters): Record<string, unknown> {
  const options: Record<string, unknown> = model.mechanism === null ? {} : { mechanism: model.mechanism };
  for (const [name, value] of Object.entries(parameters)) {
    if (IGNORED.includes(name) || name.startsWith('triton_')) continue;
    if (name.startsWith('sequence_')) {
      refuseSequence(name, value);
      continue;
    }
    const meaning = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (meaning === undefined) {
      refuse(
        `/parameters/${name.slice(0, 40)}`,
        `There is no parameter '${name.slice(0, 40)}'; there are ${Object.keys(PARAMETERS).join(', ')}`,
      );
    }
    if (name === 'polynomial' && model.mechanism !== null) {
      refuse('/parameters/polynomial', `Model ${model.name} has its polynomial; model poly-attention takes one from the request`);
    }
    const converted = meaning.convert === undefined ? value : meaning.convert(value, name);
    if (converted !== undefined) assign(options, meaning.path, converted);
  }
  if (model.mechanism === null && options.polynomial === undefined) {
    refuse(
      '/parameters/polynomial',
      "Model poly-attention takes its polynomial from the parameter 'polynomial', for example x1*x2 + x2*x3",
    );
  }
  return options;
}

function assign(options: Record<string, unknown>, [first = '', second]: readonly string[], value: unknown): void {
  if (second === undefined) options[first] = value;
  else options[first] = { ...(options[first] as object | undefined), [second]: value };
}

/** Whoever sends halves gets halves; otherwise the precision decides. */
function outputDefaults(tensors: ReadonlyMap<string, Tensor>): { dtype?: DType } {
  const [first] = tensors.values();
  const isHalf = (dtype: DType | undefined): boolean => dtype === 'float16' || dtype === 'bfloat16';
  return first !== undefined && isHalf(first.dtype) ? { dtype: first.dtype } : {};
}

/** Nobody sends doubles to be answered in single precision. */
function allDouble(tensors: ReadonlyMap<string, Tensor>): boolean {
  return tensors.size > 0 && [...tensors.values()].every(({ dtype }) => dtype === 'float64');
}

function readOutputs(asked: OipOptions['outputs'], parameters: OipParameters, hasSum: boolean): Inference['outputs'] {
  const names = asked ?? ['output', ...(hasSum ? ['log_sum_exp'] : [])].map((name) => ({ name, parameters: {} as OipParameters }));
  return names.map(({ name, parameters: own }, index) => {
    const source = Object.hasOwn(OUTPUTS, name) ? OUTPUTS[name] : undefined;
    if (source === undefined) {
      const detail = `There is no output '${name.slice(0, 40)}'; there are ${Object.keys(OUTPUTS).join(', ')}`;
      refuse(`/outputs/${index}/name`, detail);
    }
    if (Number(own.classification ?? 0) > 0) fail('not_implemented', 'Outputs are tensors: classification is not served here');
    return { name, source, binary: (own.binary_data ?? parameters.binary_data_output) === true };
  });
}

/** `16,32`, or one number. */
function toList(value: Value, name: string): number[] {
  const text = String(value);
  if (!/^\d{1,15}( *, *\d{1,15})*$/.test(text))
    refuse(`/parameters/${name}`, `${name} is a list of whole numbers, for example "16,32"`);
  return text.split(',').map(Number);
}

function toDType(value: Value, name: string): DType {
  const found = Object.entries(OIP_DATATYPES).find(([, datatype]) => datatype === value);
  if (found === undefined) refuse(`/parameters/${name}`, `${name} is one of FP16, BF16, FP32, FP64`);
  return found[0] as DType;
}

/** Microseconds; 0 means no deadline of one's own. Clients that know only strings send digits. */
function toMilliseconds(value: Value, name: string): number | undefined {
  const microseconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof microseconds !== 'number' || !Number.isSafeInteger(microseconds) || microseconds < 0) {
    refuse(`/parameters/${name}`, `${name} is a whole number of microseconds`);
  }
  return microseconds === 0 ? undefined : Math.ceil(microseconds / 1e3);
}

function refuseSequence(name: string, value: Value): void {
  if (value === 0 || value === false || value === '') return;
  fail('not_implemented', `These models keep no state: ${name} is not served here`);
}

function refuse(pointer: string, detail: string): never {
  fail('invalid_request', detail, { errors: [{ pointer, detail }] });
}
