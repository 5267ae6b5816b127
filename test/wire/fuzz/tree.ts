import type { Dice } from './dice.ts';

/** JSON as a tree that can say what JSON.parse would not keep: keys that stand twice, numbers of any text. */
export type Tree = Leaf | readonly Tree[] | Members;

/** Text as it is to be written. */
export interface Leaf {
  readonly text: string;
}

export interface Members {
  readonly members: readonly (readonly [key: string, value: Tree])[];
}

const LEAVES = ['null', 'true', 'false', '0', '-0', '-1', '1', '2', '3', '8', '16', '32', '64', '4294967296', '9007199254740992', '1.5', '1e2', '1e999', '""', '"F32"', '"BF16"', '"BOOL"', '"I32"', '"F64"', '"FP32"', '"FP16"', '"BF16"', '"INT32"', '"BYTES"', '"float64"', '"bfloat16"', '"q1"', '"-Infinity"', '"\\ud800"', '[]', '{}', '[2,2]', '[0]', '[1,1,1,1,1]', '[0,16]', '[16,0]']; // biome-ignore format: a table
const KEYS = ['dtype', 'datatype', 'shape', 'data', 'data_offsets', 'base64', 'name', 'parameters', 'binary_data_size', 'binary_data', '__metadata__', '__proto__', 'constructor', 'toString', 'request', 'inputs', 'outputs', 'tensors', 'q1', 'q2', '', 'a~/b', 'shared_memory_region']; // biome-ignore format: a table

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value !== 'object' || value === null) return { text: JSON.stringify(value) };
  return { members: Object.entries(value).map(([key, one]) => [key, treeOf(one)] as const) };
}

export function writeTree(tree: Tree): string {
  if (isList(tree)) return `[${tree.map(writeTree).join(',')}]`;
  if ('text' in tree) return tree.text;
  return `{${tree.members.map(([key, value]) => `${JSON.stringify(key)}:${writeTree(value)}`).join(',')}}`;
}

/** The tree with one of its nodes changed, wherever the dice lead. */
export function mutateTree(tree: Tree, dice: Dice): Tree {
  const children = isList(tree) ? tree.length : 'text' in tree ? 0 : tree.members.length;
  if (children === 0 || dice.below(4) === 0) return changeNode(tree, dice);
  const at = dice.below(children);
  if (isList(tree)) return tree.map((child, index) => (index === at ? mutateTree(child, dice) : child));
  const { members } = tree as Members;
  return { members: members.map(([key, child], index) => [key, index === at ? mutateTree(child, dice) : child]) };
}

function changeNode(tree: Tree, dice: Dice): Tree {
  const { below, pick } = dice;
  if (!isList(tree) && 'text' in tree)
    return { text: /^\d+$/.test(tree.text) && below(2) === 0 ? nearby(tree.text, dice) : pick(LEAVES) };
  if (below(4) === 0) return { text: pick(LEAVES) };
  if (isList(tree)) return changeList<Tree>(tree, dice, () => ({ text: pick(LEAVES) }));
  const fresh = (): Members['members'][number] => [pick(KEYS), { text: pick(LEAVES) }];
  if (below(3) > 0 || tree.members.length === 0) return { members: changeList(tree.members, dice, fresh) };
  const at = below(tree.members.length);
  return { members: tree.members.map(([key, value], index) => [index === at ? pick(KEYS) : key, value]) };
}

/** An entry more, less, doubled or moved. */
function changeList<T>(list: readonly T[], { below }: Dice, fresh: () => T): T[] {
  const at = below(list.length + 1);
  const one = list[below(list.length)];
  const way = below(4);
  if (way === 0 || one === undefined) return list.toSpliced(at, 0, fresh());
  if (way === 1) return list.toSpliced(below(list.length), 1);
  if (way === 2) return list.toSpliced(at, 0, one);
  return list.toSpliced(below(list.length), 1).toSpliced(below(list.length), 0, one);
}

/** A number that is nearly right: off by one, by eight, doubled, halved. */
function nearby(text: string, { pick }: Dice): string {
  const value = Number(text);
  return String(pick([value + 1, value - 1, value + 8, value - 8, value * 2, Math.floor(value / 2), -value]));
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}
