/** Texts of objects that several responses share, by identity. */
const texts = new WeakMap<object, string>();

/** A value as JSON; undefined where JSON has no such thing. What is frozen is written once: responses of the same plan share what describes it. */
export function jsonOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}

/** The members of an object as JSON would write them. */
export function jsonMembers(object: Readonly<Record<string, unknown>>): string {
  let members = '';
  for (const name of Object.keys(object)) {
    const text = jsonOf(object[name]);
    if (text !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${text}`;
  }
  return members;
}
