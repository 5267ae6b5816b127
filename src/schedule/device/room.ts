/** Admission to one device: how many bytes of operands and results may lie with its process at once. */

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/** Bytes by the order of arrival. */
export class Room {
  readonly #bytes: number;
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Waits until there is room, first come, first served, and takes it; what is larger than all of it goes in alone. `leave` gives it back.
   * @throws the signal's reason when it fires before that
   */
  async enter(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#taken += bytes;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason);
        this.#admit();
      };
      const waiting: Waiting = {
        bytes,
        enter: () => {
          signal?.removeEventListener('abort', give);
          resolve();
        },
      };
      signal?.addEventListener('abort', give, { once: true });
      this.#waiting.push(waiting);
    });
  }

  leave(bytes: number): void {
    this.#taken -= bytes;
    this.#admit();
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#bytes;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#taken += next.bytes;
      next.enter();
    }
  }
}
