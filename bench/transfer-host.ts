import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** The other side of bench/transfer.ts: sends back what came, the way it came. */

interface Question {
  readonly way: 'channel' | 'shared memory' | 'socket';
  readonly bytes: number;
  readonly data?: Uint8Array;
}

const SHARED_FILE = 5;
const socket = new Socket({ fd: 4 });
const buffer = Buffer.alloc(2 ** 24);
let [got, wanted] = [0, Number.POSITIVE_INFINITY];

socket.on('data', (data) => {
  got += data.copy(buffer, got);
  echo();
});
process.on('disconnect', () => process.exit());
process.on('message', ({ way, bytes, data }: Question) => {
  if (way === 'channel') process.send?.({ data });
  else if (way === 'socket') {
    wanted = bytes;
    echo();
  } else {
    readSync(SHARED_FILE, buffer, 0, bytes, 0);
    writeSync(SHARED_FILE, buffer, 0, bytes, 0);
    process.send?.({});
  }
});

/** Once all of it has come and its size is known: the two arrive by different ways. */
function echo(): void {
  if (got < wanted) return;
  const bytes = wanted;
  [got, wanted] = [0, Number.POSITIVE_INFINITY];
  socket.write(Uint8Array.from(buffer.subarray(0, bytes)));
}
