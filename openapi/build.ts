import { readFileSync, writeFileSync } from 'node:fs';
import { buildApp, type Dependencies } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { downgrade } from './downgrade.ts';
import type { JsonObject } from './json.ts';

/** `node openapi/build.ts` writes the two documents; with `--check` it says where the committed ones differ, and exits 1. */

export const FILES = ['openapi.json', 'openapi-3.0.json'] as const;

/** The text of each file. The app is built around an engine that is never asked: no thread starts. */
export async function renderDocuments(): Promise<Record<(typeof FILES)[number], string>> {
  const app = await buildApp(readConfig({ LOG_LEVEL: 'silent' }), { engine: idleEngine() });
  try {
    await app.ready();
    const document = app.swagger() as unknown as JsonObject;
    return { 'openapi.json': render(document), 'openapi-3.0.json': render(downgrade(document)) };
  } finally {
    await app.close();
  }
}

type Engine = NonNullable<Dependencies['engine']>;

/** Stands in for an engine where only routes and their schemas matter. */
export function idleEngine(): Engine {
  const refuse = (): never => {
    throw new Error('The engine of the document builder computes nothing');
  };
  return {
    machine: { backends: [], unavailable: {}, threads: 1 } as unknown as Engine['machine'],
    devices: { get: () => undefined, life: () => null, settle: async () => {}, watch: () => undefined },
    run: refuse,
    runNow: refuse,
    plan: refuse,
    load: refuse,
    collect: async () => {},
    close: async () => {},
  };
}

function render(document: JsonObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The first lines at which two texts part, or null where they are equal. */
export function firstDifference(committed: string, built: string): string | null {
  if (committed === built) return null;
  const [before, after] = [committed.split('\n'), built.split('\n')];
  const at = after.findIndex((line, index) => line !== before[index]);
  const line = at === -1 ? after.length : at;
  const show = (mark: string, lines: readonly string[]) => lines.slice(line, line + 4).map((one) => `${mark} ${one}`);
  return [`line ${line + 1}:`, ...show('-', before), ...show('+', after)].join('\n');
}

function readCommitted(url: URL): string {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return '';
  }
}

async function main(check: boolean): Promise<number> {
  const documents = await renderDocuments();
  let differing = 0;
  for (const file of FILES) {
    const url = new URL(file, import.meta.url);
    const difference = firstDifference(readCommitted(url), documents[file]);
    if (difference === null) continue;
    if (!check) {
      writeFileSync(url, documents[file]);
      continue;
    }
    differing += 1;
    process.stderr.write(`openapi/${file} is not what the routes say; node openapi/build.ts writes it anew\n${difference}\n`);
  }
  return differing === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'));
