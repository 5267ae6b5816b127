import type { BackendDescription, DeviceName, Step } from '../../../kernels/backend.ts';

/**
 * What the service and a device's process say to each other. Tensors do not go through the channel: they lie in the message's slot, a
 * file without a name on shared memory that both hold open, at the offsets (bytes) that are named here. Its first word is the number of the
 * message that the service has taken back, which the process looks at while it computes (watch.ts).
 */

/** Requests that may be on their way to one device at once: while one is computed the next is being brought. Each has its own slot. */
export const SLOTS = 2;
/** Neighbouring tiles are not joined to messages of more than this. */
export const MESSAGE_BYTES = 2 ** 26;
/** Descriptor of the first slot in the device's process; 0 to 2 are the standard streams and 3 is the channel. */
export const FIRST_SLOT_FD = 4;

/** Handed to the process as its only argument, in JSON. */
export interface HostOptions {
  readonly name: DeviceName;
  /** URL of a module in the place of the device's own. */
  readonly module: string | null;
  readonly load: Readonly<Record<string, string>>;
}

/** As what an operand is sent: float16 where it came so. */
export const ELEMENT_BYTES = { half: 2, single: 4, double: 8 } as const;

export interface SentOperand {
  readonly rows: number;
  readonly cols: number;
  readonly type: keyof typeof ELEMENT_BYTES;
  /** Where its bytes lie; null: a result, zero until a tile writes to it. */
  readonly offset: number | null;
}

/** One step of one slice; its operands stay with the device until they are dropped, whatever number of tiles they serve. */
export interface SentCall {
  readonly callId: number;
  /** Operands are indices into `operands`. */
  readonly step: Step<number>;
  readonly operands: readonly SentOperand[];
}

/** Where the process puts rows of a result: `count` elements from element `from` on. */
export interface SentResult {
  readonly operand: number;
  readonly from: number;
  readonly count: number;
  readonly offset: number;
}

export interface SentTile {
  readonly callId: number;
  readonly firstRow: number;
  readonly lastRow: number;
  readonly results: readonly SentResult[];
}

/** Tiles that need nothing of each other; they may run at once. */
export interface RunMessage {
  readonly id: number;
  readonly slot: number;
  readonly drop: readonly number[];
  readonly calls: readonly SentCall[];
  readonly tiles: readonly SentTile[];
}

/** Times are milliseconds since the epoch, comparable between processes. */
export interface RanTile {
  readonly startMs: number;
  readonly endMs: number;
  readonly fallbackRows: number;
}

/** What a message's tiles gave; `progress` and `fastRows` are what their kernels added to PROGRESS and to FAST_ROWS. */
export interface RanMessage {
  readonly kind: 'ran';
  readonly id: number;
  readonly tiles: readonly RanTile[];
  readonly progress: number;
  readonly fastRows: number;
}

export type HostMessage =
  | { readonly kind: 'loaded'; readonly description: BackendDescription }
  | { readonly kind: 'unloaded'; readonly reason: string }
  | RanMessage
  /** It was taken back, and what its tiles left is of no use. */
  | { readonly kind: 'stopped'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };
