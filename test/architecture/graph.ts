/** The graph of imports, and the judgements on it: who imports whom against the table, and cycles. Pure: files come in as text. */
import { posix } from 'node:path';
import type { Layer } from './rules.ts';
import { COMPUTED_IMPORT_FILES, LAYERS, PACKAGES } from './rules.ts';
import type { Import, SourceFacts } from './source.ts';

export type Sources = ReadonlyMap<string, SourceFacts>;

/** The layer of a file: the longest path that fits; undefined where the table forgets it. */
export function layerOf(file: string, layers: readonly Layer[] = LAYERS): Layer | undefined {
  const fits = layers.filter(({ path }) => (path.endsWith('/') ? file.startsWith(path) : file === path));
  return fits.toSorted((a, b) => b.path.length - a.path.length)[0];
}

/** The project's file that a relative specifier names, or null for a package. */
export function resolveImport(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(from), specifier)) : null;
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** Every import that the table does not allow, as `from -> to: why`. */
export function forbiddenImports(sources: Sources): string[] {
  return [...sources].flatMap(([file, facts]) => {
    const layer = layerOf(file);
    if (layer === undefined) return [`${file}: no layer of the table holds it`];
    const wrong = facts.imports.flatMap((each) => judge(file, layer, each));
    if (facts.computedImports > 0 && !(COMPUTED_IMPORT_FILES as readonly string[]).includes(file)) {
      wrong.push(`${file}: a computed import hides what it loads`);
    }
    return wrong;
  });
}

function judge(file: string, layer: Layer, { specifier, kind }: Import): string[] {
  const target = resolveImport(file, specifier);
  if (target === null) {
    const allowed = PACKAGES[layer.name];
    const isFree = specifier.startsWith('node:') || allowed === undefined || allowed.includes(packageName(specifier));
    return isFree ? [] : [`${file} -> ${specifier}: ${layer.name} takes no package of that name`];
  }
  const targetLayer = layerOf(target);
  if (targetLayer === undefined) return [`${file} -> ${target}: no layer of the table holds it`];
  if (targetLayer === layer || layer.may.includes('everything')) return [];
  const reach = [...layer.may, ...((kind === 'type' && layer.mayType) || []), ...((kind === 'entry' && layer.mayStart) || [])];
  return reach.includes(targetLayer.name) ? [] : [`${file} -> ${target}: ${layer.name} may not import ${targetLayer.name}`];
}

/** Relative imports that name no file. */
export function danglingImports(sources: Sources, exists: (file: string) => boolean): string[] {
  return [...sources].flatMap(([file, facts]) =>
    facts.imports.flatMap(({ specifier }) => {
      const target = resolveImport(file, specifier);
      return target === null || exists(target) ? [] : [`${file} -> ${target}: no such file`];
    }),
  );
}

/**
 * One cycle as the list of its files, first and last the same, or null. Type-only imports count: a cycle of types is a cycle of
 * ideas. Entries do not: a pool that starts a worker which reads the pool's types is two programs.
 */
export function findCycle(sources: Sources): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): string[] | null => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const { specifier, kind } of sources.get(file)?.imports ?? []) {
      const target = kind === 'entry' ? null : resolveImport(file, specifier);
      const cycle = target === null || !sources.has(target) ? null : walk(target);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of sources.keys()) {
    const cycle = walk(file);
    if (cycle !== null) return cycle;
  }
  return null;
}
