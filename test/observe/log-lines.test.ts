import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LogLines } from '../../src/observe/log-lines.ts';

it('hands on the lines of a turn in one piece, in order, and what is left when it is asked to', async () => {
  const texts: string[] = [];
  const lines = new LogLines({ write: (text: string) => void texts.push(text) });
  for (const line of ['a\n', 'b\n', 'č\n']) lines.write(line);
  expect(texts).toEqual([]);
  await turn();
  expect(texts).toEqual(['a\nb\nč\n']);
  lines.write('c\n');
  lines.flush();
  lines.flush();
  expect(texts).toEqual(['a\nb\nč\n', 'c\n']);
  await turn();
  expect(texts).toHaveLength(2);
});
