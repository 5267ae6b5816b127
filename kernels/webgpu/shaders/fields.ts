/** A kernel's parameters as data: the text of their WGSL struct and the bytes of one block of them, from the same table. */

/** Names and types of a kernel's parameters, in order. */
export type Fields = Readonly<Record<string, 'u32' | 'i32' | 'f32'>>;
/** A number for each of them. */
export type Values<F extends Fields> = Readonly<Record<keyof F, number>>;

/** Bytes between two blocks of parameters: the largest alignment that WebGPU lets a device ask for. */
export const BLOCK_BYTES = 256;
/** Stands for an operand that is left out. */
export const NONE = 0xffffffff;

/** WGSL: the struct `Params`. */
export function structOf(fields: Fields): string {
  const members = Object.entries(fields).map(([name, type]) => `  ${name}: ${type},`);
  return `struct Params {\n${members.join('\n')}\n}\n`;
}

/** Writes one block at `offset` bytes. Infinite bounds of i32 fields become numbers that no difference of rows reaches. */
export function writeFields<F extends Fields>(view: DataView, offset: number, fields: F, values: Values<F>): void {
  let at = offset;
  for (const [name, type] of Object.entries(fields)) {
    const value = values[name] as number;
    if (type === 'f32') view.setFloat32(at, value, true);
    else if (type === 'u32') view.setUint32(at, value, true);
    else view.setInt32(at, Math.max(-FAR, Math.min(FAR, value)), true);
    at += 4;
  }
}

/** Beyond every difference of two rows, and sums of two such do not overflow. */
const FAR = 2 ** 30;
