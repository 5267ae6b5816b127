/** The project's own files, as git knows them: tracked ones, and new ones that nobody ignores. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Sources } from './graph.ts';
import { readSource } from './source.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Paths relative to the root, with forward slashes, sorted. A file that is deleted but still in the index is left out. */
export function projectFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return [...new Set(listed.split('\0'))].filter((file) => file !== '' && existsSync(join(ROOT, file))).sort();
}

export function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Facts of every TypeScript file under the given folders. */
export function readSources(...folders: readonly string[]): Sources {
  const files = projectFiles().filter((file) => file.endsWith('.ts') && folders.some((folder) => file.startsWith(`${folder}/`)));
  return new Map(files.map((file) => [file, readSource(file, readText(file))]));
}
