/** An object that several responses share, as text, and as it stands within a JSON string. */
interface Text {
  readonly plain: string;
  readonly quoted: string;
}

/** By identity. */
const texts = new WeakMap<object, Text>();

/** A value as JSON; undefined where JSON has no such thing. What is frozen is written once: responses of the same plan share what describes it. */
export function jsonOf(value: unknown): string | undefined {
  return sharedText(value)?.plain ?? JSON.stringify(value);
}

/** The members of an object as JSON would write them. */
export function jsonMembers(object: Readonly<Record<string, unknown>>): string {
  return members(object, jsonOf, JSON.stringify);
}

/** The same within a JSON string: of an object whose text is itself a member, as safetensors has them. */
export function quotedMembers(object: Readonly<Record<string, unknown>>): string {
  return members(object, quotedOf, (name) => quoted(JSON.stringify(name)));
}

function members(
  object: Readonly<Record<string, unknown>>,
  textOf: (value: unknown) => string | undefined,
  nameOf: (name: string) => string,
): string {
  let written = '';
  for (const name of Object.keys(object)) {
    const text = textOf(object[name]);
    if (text !== undefined) written += `${written === '' ? '' : ','}${nameOf(name)}:${text}`;
  }
  return written;
}

function quotedOf(value: unknown): string | undefined {
  const shared = sharedText(value);
  if (shared !== undefined) return shared.quoted;
  const text = JSON.stringify(value);
  return text && quoted(text);
}

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function sharedText(value: unknown): Text | undefined {
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return undefined;
  const known = texts.get(value);
  if (known !== undefined) return known;
  const plain = JSON.stringify(value);
  const text = { plain, quoted: quoted(plain) };
  texts.set(value, text);
  return text;
}
