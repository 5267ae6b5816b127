/** How strings are delimited, and how text that was made already gets there. */
interface Style {
  readonly quote: string;
  readonly of: (text: string) => string;
}

/** JSON as it is; in ASCII; and as it stands within a JSON string. */
const STYLES = {
  plain: { quote: '"', of: (text) => text },
  ascii: { quote: '"', of: escapeNonAscii },
  quoted: { quote: '\\"', of: (text) => JSON.stringify(text).slice(1, -1) },
} satisfies Record<string, Style>;

export type StyleName = keyof typeof STYLES;

/** Texts of objects that several responses share, by identity. */
const texts: Record<StyleName, WeakMap<object, string>> = { plain: new WeakMap(), ascii: new WeakMap(), quoted: new WeakMap() };

/**
 * A value as JSON.stringify writes it; undefined where JSON has no such thing. What is frozen is written once: responses of the same plan
 * share what describes it.
 */
export function jsonOf(value: unknown, style: StyleName = 'plain'): string | undefined {
  if (typeof value === 'object' && value !== null && Object.isFrozen(value)) {
    const known = texts[style].get(value) ?? STYLES[style].of(JSON.stringify(value));
    texts[style].set(value, known);
    return known;
  }
  return shortText(value, STYLES[style].quote) ?? anyText(value, STYLES[style]);
}

/** The members of an object as JSON would write them. */
export function jsonMembers(object: Readonly<Record<string, unknown>>, style: StyleName = 'plain'): string {
  let members = '';
  for (const name of Object.keys(object)) {
    const text = jsonOf(object[name], style);
    if (text !== undefined) members += `${members === '' ? '' : ','}${jsonOf(name, style)}:${text}`;
  }
  return members;
}

function anyText(value: unknown, style: Style): string | undefined {
  const text = JSON.stringify(value);
  return text && style.of(text);
}

const PLAIN = /^[\w .,()-]*$/;
const MOST_STRING = 64;
/** Of a number with three decimals at most, as all times are. */
const THOUSANDTHS = Array.from({ length: 1000 }, (_, index) => String(index / 1000).slice(1));

/** Numbers, words, and plain lists and records of them, as most of a response is: the engine takes a microsecond for each. Null: it must. */
function shortText(value: unknown, quote: string): string | null {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return value.length <= MOST_STRING && PLAIN.test(value) ? quote + value + quote : null;
  if (typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return listText(value, quote);
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return null;
  return 'toJSON' in value ? null : recordText(value as Record<string, unknown>, quote);
}

function listText(list: readonly unknown[], quote: string): string | null {
  let text = '[';
  for (let i = 0; i < list.length; i++) {
    const entry = shortText(list[i], quote);
    if (entry === null) return null;
    text += i === 0 ? entry : `,${entry}`;
  }
  return `${text}]`;
}

function recordText(record: Readonly<Record<string, unknown>>, quote: string): string | null {
  let text = '{';
  for (const name of Object.keys(record)) {
    if (record[name] === undefined) continue;
    const entry = shortText(record[name], quote);
    if (entry === null || !PLAIN.test(name)) return null;
    text += `${text === '{' ? '' : ','}${quote}${name}${quote}:${entry}`;
  }
  return `${text}}`;
}

function numberText(value: number): string | null {
  const thousandths = Math.round(value * 1000);
  if (!(thousandths >= 0 && thousandths < 2 ** 31) || thousandths / 1000 !== value)
    return Number.isFinite(value) ? `${value}` : null;
  const whole = Math.floor(thousandths / 1000);
  return `${whole}${THOUSANDTHS[thousandths - whole * 1000]}`;
}

/** Every other character by its escape, so that the text is ASCII. */
export function escapeNonAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
