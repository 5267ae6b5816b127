import { describe, expect, it } from 'vitest';
import { DEFAULT_EXPORT_FILES, GENERATED, LINE_CAPS, REGISTRY_HOSTS } from './rules.ts';
import { readSource } from './source.ts';
import { projectFiles, readText } from './tree.ts';

const files = projectFiles();
const isGenerated = (file: string): boolean => GENERATED.some((path) => file.startsWith(path));
const written = files.filter((file) => !isGenerated(file));
const typescript = written.filter((file) => file.endsWith('.ts'));

function countLines(text: string): number {
  return text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** The cap that a file is above, or null. */
function brokenCap(file: string, text: string): number | null {
  const isScript = file.startsWith('scripts/') && !file.slice('scripts/'.length).includes('.');
  const cap = LINE_CAPS.find(({ extensions }) =>
    extensions.some((extension) => (isScript ? extension === '.sh' : file.endsWith(extension))),
  );
  return cap !== undefined && countLines(text) > cap.lines ? cap.lines : null;
}

function hostsIn(text: string): string[] {
  const lower = text.toLowerCase();
  return REGISTRY_HOSTS.filter((host) => lower.includes(host));
}

describe('the files of the project', () => {
  it('are there to be judged', () => {
    expect(typescript.length).toBeGreaterThan(3);
  });

  it('stay under the cap of lines', () => {
    const tooLong = written
      .filter((file) => brokenCap(file, readText(file)) !== null)
      .map((file) => `${file}: ${countLines(readText(file))} lines`);
    expect(tooLong).toEqual([]);
  });

  it('export nothing by default', () => {
    const allowed: readonly string[] = DEFAULT_EXPORT_FILES;
    const wrong = typescript.filter((file) => !allowed.includes(file) && readSource(file, readText(file)).hasDefaultExport);
    expect(wrong).toEqual([]);
  });

  it('skip no test', () => {
    const tests = typescript.filter((file) => file.startsWith('test/'));
    const skipped = tests.flatMap((file) => readSource(file, readText(file)).skippedTests.map((what) => `${file}: ${what}`));
    expect(skipped).toEqual([]);
  });

  it('name no package registry', () => {
    expect(files.flatMap((file) => hostsIn(readText(file)).map((host) => `${file}: ${host}`))).toEqual([]);
  });
});

describe('the judge of files', () => {
  it.each([
    ['src/a.ts', 300, null],
    ['src/a.ts', 301, 300],
    ['kernels/native/a.cpp', 400, null],
    ['kernels/native/a.hpp', 401, 400],
    ['scripts/start', 301, 300],
    ['package-lock.json', 5000, null],
  ])('%s of %d lines breaks the cap %s', (file, lines, cap) => {
    expect(brokenCap(file, 'line\n'.repeat(lines))).toBe(cap);
    expect(brokenCap(file, Array.from({ length: lines }, () => 'line').join('\n'))).toBe(cap);
  });

  it.each([
    ['export default 3', true],
    ['const a = 1; export { a as default }', true],
    [`export { default } from './a.ts'`, true],
    [`import a from './a.ts'; export { a }`, false],
    ['// export default 3', false],
  ])('%s exports by default: %s', (text, expected) => {
    expect(readSource('a.ts', text).hasDefaultExport).toBe(expected);
  });

  it.each([
    [`it.skip('a', () => {})`, 1],
    [`describe.todo('a')`, 1],
    [`test.concurrent.only('a', () => {})`, 1],
    [`it.skipIf(slow)('a', () => {})`, 1],
    [`it.each([1]).skip('a', () => {})`, 1],
    [`it('a', { skip: true }, () => {})`, 1],
    [`xdescribe('a', () => {})`, 1],
    [`it('a', { timeout: 9 }, () => { reader.skip(3) })`, 0],
    [`it.each([1])('a', () => {}); // it.skip`, 0],
  ])('%s skips %d tests', (text, count) => {
    expect(readSource('a.test.ts', text).skippedTests).toHaveLength(count);
  });

  it('finds a registry by its host, in any case', () => {
    expect(REGISTRY_HOSTS.map((host) => hostsIn(`see HTTPS://${host.toUpperCase()}/x`).length)).toEqual(
      REGISTRY_HOSTS.map(() => 1),
    );
    expect(hostsIn('an ordinary line about npm and PyPI')).toEqual([]);
  });

  it('refuses a source that does not parse', () => {
    expect(() => readSource('a.ts', 'const = 3')).toThrow('a.ts');
  });
});
