import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LogLines } from '../../src/observe/log-lines.ts';
import { requestLine } from '../../src/observe/request-line.ts';

it('hands on the lines of a turn in one piece, in order, and what is left when it is asked to', async () => {
  const texts: string[] = [];
  const lines = new LogLines({ write: (bytes: Buffer) => void texts.push(bytes.toString()) });
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

it('takes lines of requests among others, however many', async () => {
  const pieces: Buffer[] = [];
  const lines = new LogLines({ write: (bytes: Buffer) => void pieces.push(bytes) });
  const entry = { reqId: 'a', method: 'POST', route: '/v1/attention', status: 200, ms: 1.5, run: undefined, code: undefined };
  for (let i = 0; i < 1000; i++) {
    lines.write(`{"line":${i},"text":"${'漢'.repeat(i % 90)}"}\n`);
    lines.writeRequest({ ...entry, reqId: `r${i}` }, 'request', i);
  }
  await turn();
  expect(pieces).toHaveLength(1);
  const written = String(pieces[0]).trimEnd().split('\n');
  expect(written).toHaveLength(2000);
  for (let i = 0; i < 1000; i++) {
    expect(JSON.parse(written[2 * i] as string)).toEqual({ line: i, text: '漢'.repeat(i % 90) });
    expect(`${written[2 * i + 1]}\n`).toBe(requestLine({ ...entry, reqId: `r${i}` }, 'request', i));
  }
});
