import { describe, expect, it } from 'vitest';
import { danglingImports, findCycle, forbiddenImports, layerOf, type Sources } from './graph.ts';
import { COMPUTED_IMPORT_FILES, ENVIRONMENT_FILES, LAYERS, type Layer, PROCESS_FILES } from './rules.ts';
import { readSource, type SourceFacts } from './source.ts';
import { projectFiles, readSources } from './tree.ts';

const sources = readSources('src', 'routes', 'kernels', 'openapi');

/** Files that touch `process` without leave, as `file: what`. */
function processOffences(all: Sources): string[] {
  return [...all].flatMap(([file, facts]) => {
    if ((PROCESS_FILES as readonly string[]).includes(file)) return [];
    const mayReadEnvironment = (ENVIRONMENT_FILES as readonly string[]).includes(file);
    const uses = facts.processUses.filter(({ text, isDefaultParameter }) => {
      return !(mayReadEnvironment && isDefaultParameter && text === 'process.env');
    });
    const imports = facts.imports.filter(({ specifier }) => specifier === 'node:process' || specifier === 'process');
    return [...uses.map(({ text }) => `${file}: ${text}`), ...imports.map(({ specifier }) => `${file}: ${specifier}`)];
  });
}

describe('the tree', () => {
  it('is there to be judged', () => {
    expect(sources.size).toBeGreaterThan(3);
  });

  it('imports only what the table of architecture.md allows', () => {
    expect(forbiddenImports(sources)).toEqual([]);
  });

  it('imports only files that exist, by their full name', () => {
    const files = new Set(projectFiles());
    expect(danglingImports(sources, (file) => files.has(file))).toEqual([]);
  });

  it('has no cycle of imports', () => {
    expect(findCycle(sources)).toBeNull();
  });

  it('touches the process in main.ts alone', () => {
    expect(processOffences(sources)).toEqual([]);
  });
});

/** A small project from sources written out here. */
function project(files: Readonly<Record<string, string>>): Sources {
  return new Map(Object.entries(files).map(([file, text]): [string, SourceFacts] => [file, readSource(file, text)]));
}

describe('the judge of imports', () => {
  it.each([
    ['src/wire/json.ts', `import { compile } from '../plan/compile.ts'`, 'wire may not import plan'],
    ['src/tensor/a.ts', `import type { Polynomial } from '../polynomial/polynomial.ts'`, 'tensor may not import polynomial'],
    ['src/schedule/engine.ts', `export * from '../../kernels/reference/index.ts'`, 'schedule may not import kernels'],
    [
      'src/schedule/pool.ts',
      `const w = new URL('../../kernels/reference/index.ts', import.meta.url)`,
      'schedule may not import kernels',
    ],
    ['src/plan/a.ts', `type T = import('../../kernels/native/index.ts').T`, 'plan may not import kernels'],
    ['kernels/native/a.ts', `const e = await import('../../src/errors.ts')`, 'kernels may not import errors'],
    ['kernels/native/a.ts', 'const e = await import(`../../src/errors.ts`)', 'kernels may not import errors'],
    ['kernels/native/a.ts', `import z from 'zod'`, 'kernels takes no package'],
    ['src/polynomial/a.ts', `import { z } from 'zod/v4'`, 'polynomial takes no package'],
    ['routes/a.ts', `import { buildApp } from '../src/app.ts'`, 'routes may not import app'],
    ['src/schedule/a.ts', `import { interpret } from '../contract/interpret.ts'`, 'schedule may not import contract'],
    ['src/schedule/a.ts', `import { run } from './worker.ts'`, 'schedule may not import worker'],
    ['src/plan/a.ts', `import '../utils/all.ts'`, 'no layer of the table holds it'],
    ['src/plan/a.ts', `const name = './b.ts'; await import(name)`, 'a computed import'],
  ])('refuses %s with %s', (file, text, reason) => {
    const wrong = forbiddenImports(project({ [file]: text }));
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toContain(reason);
  });

  it.each([
    ['src/plan/a.ts', `import type { Step } from '../../kernels/backend.ts'`],
    ['src/schedule/worker.ts', `import { reference } from '../../kernels/reference/index.ts'`],
    ['src/schedule/kernels.ts', `await import(url.href)`],
    ['src/schedule/a.ts', `import type { AttentionRequest } from '../contract/request.ts'`],
    ['src/schedule/a.ts', `export type { AttentionRequest } from '../contract/request.ts'`],
    ['src/schedule/a.ts', `new Worker(new URL('./worker.ts', import.meta.url))`],
    ['src/app.ts', `import '../routes/index.ts'; import 'fastify'`],
    ['kernels/gpu/a.ts', `import { GPU } from 'gpu.js'; import { cpus } from 'node:os'`],
    ['src/wire/a.ts', `// import '../plan/compile.ts'\nconst text = "import '../plan/compile.ts'"`],
    ['src/observe/a.ts', `const page = new URL('../../web/index.html', import.meta.url)`],
  ])('lets %s do %s', (file, text) => {
    expect(forbiddenImports(project({ [file]: text }))).toEqual([]);
  });

  it('gives a file to the narrowest layer', () => {
    expect(layerOf('src/schedule/worker.ts')?.name).toBe('worker');
    expect(layerOf('src/schedule/worker-pool.ts')?.name).toBe('schedule');
    expect(layerOf('src/utils/a.ts')).toBeUndefined();
  });

  it('reads no name in the table that is not a layer', () => {
    const layers: readonly Layer[] = LAYERS;
    const names = new Set<string>([...layers.map(({ name }) => name), 'everything']);
    expect(
      layers.flatMap((layer) =>
        [...layer.may, ...(layer.mayType ?? []), ...(layer.mayStart ?? [])].filter((name) => !names.has(name)),
      ),
    ).toEqual([]);
    expect(COMPUTED_IMPORT_FILES.map((file) => layerOf(file)?.name)).toEqual(['schedule', 'worker', 'schedule', 'wire']);
  });

  it('reports a cycle by its files, and only a cycle', () => {
    const files = {
      'src/a.ts': `import './b.ts'`,
      'src/b.ts': `import './c.ts'; import './d.ts'`,
      'src/c.ts': `import './d.ts'`,
      'src/d.ts': `const pool = new URL('./a.ts', import.meta.url)`,
    };
    expect(findCycle(project(files))).toBeNull();
    const closed = { ...files, 'src/d.ts': `export type { B } from './b.ts'` };
    expect(findCycle(project(closed))).toEqual(['src/b.ts', 'src/c.ts', 'src/d.ts', 'src/b.ts']);
  });

  it('misses no file that is not there', () => {
    const sources = project({ 'src/a.ts': `import './b.ts'; import './a.js'; import 'fastify'` });
    expect(danglingImports(sources, (file) => file === 'src/b.ts')).toEqual(['src/a.ts -> src/a.js: no such file']);
  });

  it.each([
    ['src/app.ts', 'process.env.PORT', 1],
    ['src/app.ts', 'const { env } = process', 1],
    ['src/app.ts', 'globalThis.process.exit()', 1],
    ['src/app.ts', `import { env } from 'node:process'`, 1],
    ['src/app.ts', 'export function read(env = process.env) {}', 1],
    ['src/config.ts', 'export function read(env = process.env) {}', 0],
    ['src/config.ts', 'export function read(env: Env = process.env) {}', 0],
    ['src/config.ts', 'const env = process.env', 1],
    ['src/config.ts', 'export function read(code = process.exit()) {}', 1],
    ['src/main.ts', 'process.exit()', 0],
    ['src/app.ts', 'queue.process(); const o = { process: 1 }; /* process.env */', 0],
  ])('in %s, %s is %d touch of the process', (file, text, count) => {
    expect(processOffences(project({ [file]: text }))).toHaveLength(count);
  });
});
