/** Reads TypeScript sources into the few facts that the architecture is judged by. Parsed, not matched: a comment is no import. */
import { parseSync } from 'vite';

export interface Import {
  readonly specifier: string;
  /** `type`: erased before the program runs. `entry`: `new URL('./file.ts', import.meta.url)`, the way a thread is started; it loads nothing here. */
  readonly kind: 'static' | 'type' | 'dynamic' | 'entry';
}

export interface SourceFacts {
  readonly imports: readonly Import[];
  /** `import(expression)` whose module cannot be read off the source. */
  readonly computedImports: number;
  /** Every mention of Node's `process`, as it stands in the source. */
  readonly processUses: readonly ProcessUse[];
  readonly hasDefaultExport: boolean;
  /** `it.skip`, `describe.todo`, `{ skip: true }` and their like. */
  readonly skippedTests: readonly string[];
}

export interface ProcessUse {
  readonly text: string;
  readonly isDefaultParameter: boolean;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const TEST_FUNCTIONS = new Set(['it', 'test', 'describe', 'suite']);
const SKIPPING = new Set(['skip', 'todo', 'only', 'skipIf', 'runIf', 'fails']);
const SKIPPING_FUNCTIONS = new Set(['xit', 'xtest', 'xdescribe']);

/** @throws when the source does not parse: nothing can then be said about it. */
export function readSource(file: string, text: string): SourceFacts {
  const parsed = parseSync(file, text);
  if (parsed.errors.length > 0) throw new Error(`${file}: ${parsed.errors[0]?.message}`);
  const facts = { imports: [] as Import[], computedImports: 0, processUses: [] as ProcessUse[], skippedTests: [] as string[] };
  let hasDefaultExport = false;

  visit(parsed.program as unknown as Node, [], (node, ancestors) => {
    const literal = (value: unknown): string | undefined => literalText(value as Node | null);
    const add = (specifier: string | undefined, kind: Import['kind']): void => {
      if (specifier !== undefined) facts.imports.push({ specifier, kind });
    };
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        add(literal(node.source), staticKind(node));
        if (node.type === 'ExportNamedDeclaration') hasDefaultExport ||= exportsDefault(node);
        break;
      case 'TSImportType':
        add(literal(node.source ?? node.argument), 'type');
        break;
      case 'ImportExpression': {
        const specifier = literal(node.source);
        if (specifier === undefined) facts.computedImports++;
        add(specifier, 'dynamic');
        break;
      }
      case 'NewExpression':
        add(moduleUrl(node), 'entry');
        break;
      case 'ExportDefaultDeclaration':
        hasDefaultExport = true;
        break;
      case 'Identifier':
        if (node.name === 'process' && isReference(node, ancestors)) {
          facts.processUses.push({
            text: outermostMember(node, ancestors, text),
            isDefaultParameter: isDefaultParameter(ancestors),
          });
        }
        break;
      default:
    }
    const skipped = skippedTest(node, text);
    if (skipped !== undefined) facts.skippedTests.push(skipped);
  });
  return { ...facts, hasDefaultExport };
}

function visit(node: Node, ancestors: readonly Node[], see: (node: Node, ancestors: readonly Node[]) => void): void {
  see(node, ancestors);
  const inner = [...ancestors, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, inner, see);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function literalText(node: Node | null | undefined): string | undefined {
  if (node === null || node === undefined) return undefined;
  if (node.type === 'TSLiteralType') return literalText(node.literal as Node);
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  const quasis = node.quasis as readonly { value: { cooked: string } }[] | undefined;
  return node.type === 'TemplateLiteral' && quasis?.length === 1 ? quasis[0]?.value.cooked : undefined;
}

function staticKind(node: Node): 'static' | 'type' {
  return (node.importKind ?? node.exportKind) === 'type' ? 'type' : 'static';
}

function exportsDefault(node: Node): boolean {
  const specifiers = (node.specifiers ?? []) as readonly { exported?: { name?: string; value?: string } }[];
  return specifiers.some(({ exported }) => exported?.name === 'default' || exported?.value === 'default');
}

/** `new URL('relative.ts', import.meta.url)`: only source files count, not data that stands beside them. */
function moduleUrl(node: Node): string | undefined {
  if ((node.callee as Node).name !== 'URL') return undefined;
  const specifier = literalText((node.arguments as readonly Node[])[0]);
  return specifier?.startsWith('.') && specifier.endsWith('.ts') ? specifier : undefined;
}

/** False where `process` is only a name: a property, a key, an import's foreign name. */
function isReference(node: Node, ancestors: readonly Node[]): boolean {
  const parent = ancestors.at(-1);
  if (parent?.type === 'MemberExpression' && parent.property === node && parent.computed !== true) {
    return (parent.object as Node).name === 'globalThis';
  }
  return !(
    parent !== undefined &&
    ['Property', 'PropertyDefinition', 'MethodDefinition'].includes(parent.type) &&
    parent.key === node
  );
}

function outermostMember(node: Node, ancestors: readonly Node[], text: string): string {
  let outermost = node;
  for (const ancestor of ancestors.toReversed()) {
    if (ancestor.type !== 'MemberExpression' || ancestor.object !== outermost) break;
    outermost = ancestor;
  }
  return text.slice(outermost.start, outermost.end);
}

function isDefaultParameter(ancestors: readonly Node[]): boolean {
  return ancestors.some((ancestor, index) => {
    const owner = ancestors[index - 1];
    return ancestor.type === 'AssignmentPattern' && ((owner?.params ?? []) as readonly Node[]).includes(ancestor);
  });
}

function skippedTest(node: Node, text: string): string | undefined {
  if (node.type === 'CallExpression' && SKIPPING_FUNCTIONS.has(String((node.callee as Node).name))) return head(node, text);
  if (node.type === 'MemberExpression' && SKIPPING.has(String((node.property as Node).name))) {
    return TEST_FUNCTIONS.has(rootName(node)) ? head(node, text) : undefined;
  }
  if (node.type !== 'CallExpression' || !TEST_FUNCTIONS.has(rootName(node))) return undefined;
  const options = (node.arguments as readonly Node[]).filter(({ type }) => type === 'ObjectExpression');
  const keys = options.flatMap((option) => (option.properties as readonly Node[]).map((property) => (property.key as Node)?.name));
  return keys.some((key) => SKIPPING.has(String(key))) ? head(node, text) : undefined;
}

/** `it` of `it.concurrent.each(table)('name', ...)`. */
function rootName(node: Node): string {
  let root: Node | undefined = node;
  while (root !== undefined && root.type !== 'Identifier') root = (root.object ?? root.callee ?? root.tag) as Node | undefined;
  return String(root?.name);
}

function head(node: Node, text: string): string {
  return text.slice(node.start, node.end).split('\n', 1)[0]?.slice(0, 80) ?? '';
}
