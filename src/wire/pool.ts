import { Piscina } from 'piscina';
import type { Envelope } from '../contract/envelope.ts';
import { fail, ServiceError } from '../errors.ts';
import { viewOf } from '../tensor/bytes.ts';
import type { Lease } from '../tensor/lease.ts';
import { countShared } from '../tensor/shared-memory.ts';
import type { Codec, Framing, WireFormat } from './codec.ts';
import { FORMATS, type FormatName } from './formats.ts';
import { LARGE_BYTES, LARGE_TEXT_BYTES, type WireLimits } from './limits.ts';
import { type Decoded, type DecodeTask, type EncodeTask, fromOutcome, type Outcome, type WireSettings } from './task.ts';

export interface WirePoolOptions extends Partial<WireSettings> {
  readonly limits: WireLimits;
  readonly threads: number;
  /** Bodies that may wait for a thread; one more is refused. */
  readonly maxWaiting: number;
}

/** A signal that fires once nobody waits any more, or what has one when it is asked: small bodies need none. It may say whose memory they get. */
export type Leaving = AbortSignal | { readonly signal: AbortSignal; readonly lease?: Lease };

/** A task that waits for a thread: started, or refused with a reason. */
interface Waiting {
  start(): void;
  refuse(reason: unknown): void;
}

/**
 * Decodes and encodes: small bodies at once, large ones in threads of its own, so that the event loop goes on. A thread is never interrupted, because it takes milliseconds; who leaves while waiting is not served.
 */
export class WirePool {
  readonly #options: WirePoolOptions;
  readonly #piscina: Piscina;
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  constructor(options: WirePoolOptions) {
    this.#options = options;
    this.#piscina = new Piscina({
      filename: new URL('./worker.ts', import.meta.url).href,
      minThreads: options.threads,
      maxThreads: options.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      workerData: { numbers: options.numbers ?? null } satisfies WireSettings,
    });
    // A thread that fails under a task fails that task; without one there is nobody to tell, and it is replaced.
    this.#piscina.on('error', () => {});
  }

  /** Bodies in threads and before them. */
  get load(): number {
    return this.#running + this.#waiting.size;
  }

  /**
   * Reads a body; one in shared memory is given away (codec.ts).
   * @throws ServiceError as the codec, `overloaded` when too many wait, `client_closed_request` once the signal has fired
   */
  async decode(format: FormatName, body: Uint8Array, leaving: Leaving, framing: Framing = {}): Promise<Envelope> {
    const { limits } = this.#options;
    const read = this.decodeNow(format, body, framing, 'lease' in leaving ? leaving.lease : undefined);
    if (read !== null) return read;
    return ours(
      await this.#run<Decoded>('decode', { format, body, limits, framing } satisfies DecodeTask, signalOf(leaving)),
      body,
    );
  }

  /** Reads a small body, or nothing of one that is for a thread: null. @throws ServiceError as the codec */
  decodeNow(format: FormatName, body: Uint8Array, framing: Framing = {}, lease?: Lease): Envelope | null {
    const { limits } = this.#options;
    return isSmall(format, body, framing, limits) ? FORMATS[format].decode(body, limits, framing, lease) : null;
  }

  /** Writes a body, in parts to be sent one after the other. @throws as `decode` */
  async encode(format: FormatName, envelope: Envelope, options: WireFormat, leaving: Leaving): Promise<readonly Uint8Array[]> {
    return (
      this.encodeNow(format, envelope, options) ??
      this.#run<readonly Uint8Array[]>('encode', { format, envelope, options } satisfies EncodeTask, signalOf(leaving))
    );
  }

  /** Writes a small body, or nothing of one that is for a thread: null. @throws ServiceError as the codec */
  encodeNow(format: FormatName, envelope: Envelope, options: WireFormat): readonly Uint8Array[] | null {
    const codec = FORMATS[format];
    return codec.encodeWork(envelope, options) <= LARGE_BYTES ? codec.encode(envelope, options) : null;
  }

  /** Has the threads let go of memory that they have seen, where none is at work. */
  async collect(): Promise<void> {
    if (this.load > 0) return;
    const threads = this.#piscina.threads.length;
    await Promise.allSettled(Array.from({ length: threads }, () => this.#piscina.run(undefined, { name: 'collect' })));
  }

  async close(): Promise<void> {
    for (const { refuse } of [...this.#waiting]) refuse(new ServiceError('unavailable', 'The service is shutting down'));
    await this.#piscina.destroy();
  }

  async #run<T>(name: 'decode' | 'encode', task: DecodeTask | EncodeTask, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      const outcome: Outcome<T> = await this.#piscina.run(task, { name });
      if (signal.aborted) throw departed();
      return fromOutcome(outcome);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      throw new ServiceError('internal', `A thread failed while it ${name}d this request; the service goes on`, { cause: error });
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  /** Resolves when a thread is free for the caller, who counts as running from then on. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { threads, maxWaiting } = this.#options;
    if (signal.aborted) throw departed();
    if (this.#running < threads) {
      this.#running++;
      return;
    }
    if (this.#waiting.size >= maxWaiting) {
      const detail = `${this.#waiting.size} large bodies wait to be read or written already`;
      fail('overloaded', detail, { limit: maxWaiting, actual: maxWaiting + 1, retryAfterSeconds: 1 });
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => waiting.refuse(departed());
    const waiting: Waiting = {
      start: () => {
        signal.removeEventListener('abort', leave);
        this.#waiting.delete(waiting);
        this.#running++;
        resolve();
      },
      refuse: (reason) => {
        signal.removeEventListener('abort', leave);
        this.#waiting.delete(waiting);
        reject(reason);
      },
    };
    this.#waiting.add(waiting);
    signal.addEventListener('abort', leave, { once: true });
    return promise;
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next !== undefined && this.#running < this.#options.threads) next.start();
  }
}

/** The envelope with its tensors where this thread has the body, so that a lease knows their memory; what a thread made is counted. */
function ours({ envelope, inBody }: Decoded, { buffer }: Uint8Array): Envelope {
  const tensors = new Map(envelope.tensors);
  for (const [name, tensor] of tensors) {
    const { byteOffset, length, byteLength } = tensor.data;
    if (inBody.includes(name))
      tensors.set(name, { ...tensor, data: viewOf(buffer as SharedArrayBuffer, byteOffset, tensor.dtype, length) });
    else countShared(byteLength);
  }
  return { ...envelope, tensors };
}

/** Whether the event loop reads a body itself: the way to a thread and back takes longer than a millisecond of reading. */
function isSmall(format: FormatName, body: Uint8Array, { headerBytes }: Framing, limits: WireLimits): boolean {
  const isText = format === 'json' || format === 'oip';
  if (isText && (headerBytes ?? body.byteLength) > LARGE_TEXT_BYTES) return false;
  if (body.byteLength <= LARGE_BYTES) return true;
  const codec: Codec = FORMATS[format];
  return (codec.decodeWork?.(body, limits) ?? body.byteLength) <= LARGE_BYTES;
}

function signalOf(leaving: Leaving): AbortSignal {
  return 'signal' in leaving ? leaving.signal : leaving;
}

function departed(): ServiceError {
  return new ServiceError('client_closed_request', 'The client closed the connection');
}
