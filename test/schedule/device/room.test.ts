import { describe, expect, it } from 'vitest';
import { Room } from '../../../src/schedule/device/room.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Enters, and writes down when it was let in. */
function enter(room: Room, order: number[], bytes: number, signal?: AbortSignal): Promise<void> {
  return room.enter(bytes, signal).then(() => void order.push(bytes));
}

describe('the room with a device', () => {
  it('is given to whoever comes first, as much as there is', async () => {
    const room = new Room(100);
    const order: number[] = [];
    const all = [60, 50, 30, 41].map((bytes) => enter(room, order, bytes));
    await settled();
    // 30 would fit, but 50 came before it.
    expect([order, room.taken]).toEqual([[60], 60]);
    room.leave(60);
    await settled();
    expect([order, room.taken]).toEqual([[60, 50, 30], 80]);
    room.leave(50);
    room.leave(30);
    await Promise.all(all);
    expect([order, room.taken]).toEqual([[60, 50, 30, 41], 41]);
  });

  it('is all for what is larger than it', async () => {
    const room = new Room(100);
    const order: number[] = [];
    const all = [10, 500, 20].map((bytes) => enter(room, order, bytes));
    await settled();
    expect(order).toEqual([10]);
    room.leave(10);
    await settled();
    expect(order).toEqual([10, 500]);
    room.leave(500);
    await Promise.all(all);
    expect(room.taken).toBe(20);
  });

  it('is not kept for who does not want it any more', async () => {
    const room = new Room(100);
    const order: number[] = [];
    const leaving = new AbortController();
    await enter(room, order, 80);
    const left = enter(room, order, 70, leaving.signal);
    const next = enter(room, order, 20);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await next;
    expect([order, room.taken]).toEqual([[80, 20], 100]);
    await expect(room.enter(1, leaving.signal)).rejects.toThrow('gone');
  });
});
