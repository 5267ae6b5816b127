import { fail } from '../../src/errors.ts';
import { listMechanisms, resolveMechanism } from '../../src/polynomial/catalogue.ts';
import { MAX_VARIABLES } from '../../src/polynomial/polynomial.ts';

/** What the Open Inference Protocol calls models (api.md §6): the catalogue's entries with their parameter fixed, and two of our own. */

/** The numerical contract's version: the only one there is. */
export const MODEL_VERSION = '1';

export interface ModelInput {
  readonly name: string;
  /** The tensor's name in the contract. */
  readonly role: string;
  readonly optional: boolean;
  readonly dimensions: number;
}

export interface Model {
  readonly name: string;
  /** Null: the polynomial comes with the request. */
  readonly mechanism: string | null;
  readonly inputs: readonly ModelInput[];
}

const SELF = 'self';
/** Mechanisms whose models have longer names. */
const LONG_NAMES: Readonly<Record<string, string>> = { self: 'self-attention', strassen: 'strassen-attention' };
/** Names that people know for the tensors of self-attention. */
const KNOWN_NAMES: Readonly<Record<string, string>> = { q1: 'query', q2: 'key', v2: 'value', b2: 'bias' };

const MODELS: ReadonlyMap<string, Model> = new Map(
  [attention(), polyAttention(), ...catalogue()].map((model) => [model.name, model]),
);

export const MODEL_NAMES: readonly string[] = [...MODELS.keys()];

/** @throws ServiceError `not_found` */
export function findModel({ model: name, version }: { readonly model: string; readonly version?: string }): Model {
  const model = MODELS.get(name);
  if (model === undefined) fail('not_found', `There is no model '${name.slice(0, 60)}'; GET /v2/models lists them`);
  if (version !== undefined && version !== MODEL_VERSION) {
    fail('not_found', `Model '${name}' has no version '${version.slice(0, 20)}'; its only version is '${MODEL_VERSION}'`);
  }
  return model;
}

function attention(): Model {
  const inputs = inputsOf(2, 2).flatMap((input) => {
    const name = KNOWN_NAMES[input.role];
    return name === undefined ? [] : [{ ...input, name }];
  });
  return { name: 'attention', mechanism: SELF, inputs };
}

/** Two variables are the least that a polynomial has; the others are optional. */
function polyAttention(): Model {
  return { name: 'poly-attention', mechanism: null, inputs: inputsOf(MAX_VARIABLES, 2) };
}

function catalogue(): Model[] {
  return listMechanisms().flatMap(({ family, name, parameters: [parameter] }) => {
    if (parameter === undefined) {
      const t = resolveMechanism(name)?.polynomial.variableCount ?? 0;
      return [{ name: LONG_NAMES[family] ?? family, mechanism: name, inputs: inputsOf(t, t) }];
    }
    const { minimum, maximum } = parameter;
    return Array.from({ length: maximum - minimum + 1 }, (_, index) => {
      const t = minimum + index;
      return { name: `${family}-${t}`, mechanism: `${family}(${t})`, inputs: inputsOf(t, t) };
    });
  });
}

/** q1..qt, v2..vt and b1..bt: queries up to `needed` have to come, values and biases may. */
function inputsOf(t: number, needed: number): ModelInput[] {
  const input = (role: string, optional: boolean, dimensions: number): ModelInput => ({ name: role, role, optional, dimensions });
  const variables = Array.from({ length: t }, (_, index) => index + 1);
  return [
    ...variables.map((j) => input(`q${j}`, j > needed, 4)),
    ...variables.slice(1).map((j) => input(`v${j}`, true, 4)),
    ...variables.map((j) => input(`b${j}`, true, 3)),
  ];
}
