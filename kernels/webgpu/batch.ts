/**
 * Gathers jobs that are asked for at the same time, such as the heads of one request: those of one shape go through the device together, in
 * one upload, the same dispatches and one read.
 */

/** What a batch knows of its jobs. */
export interface BatchRules<J, R> {
  /** The same for jobs that may go together. @throws Error when the job cannot run at all */
  readonly keyOf: (job: J) => string;
  /** How many jobs like this one may go together. */
  readonly most: (job: J) => number;
  /** Runs jobs of one key; a result for each, in order. */
  readonly run: (jobs: readonly J[]) => Promise<readonly R[]>;
}

interface Waiting<J, R> {
  readonly job: J;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Jobs wait for those that come in the same turn of the event loop; what comes later goes into the next batch. */
export class Batch<J, R> {
  readonly #rules: BatchRules<J, R>;
  readonly #groups = new Map<string, Waiting<J, R>[]>();

  constructor(rules: BatchRules<J, R>) {
    this.#rules = rules;
  }

  /** @throws Error (a rejection) when operands contradict each other or the device fails. */
  async run(job: J): Promise<R> {
    const key = this.#rules.keyOf(job);
    const group = this.#groups.get(key);
    return new Promise((resolve, reject) => {
      const waiting = { job, resolve, reject };
      if (group !== undefined && group.length < this.#rules.most(job)) {
        group.push(waiting);
        return;
      }
      const fresh = [waiting];
      this.#groups.set(key, fresh);
      // Everything that one message of the supervisor, or several in a row, ask for has arrived by then.
      setImmediate(() => {
        if (this.#groups.get(key) === fresh) this.#groups.delete(key);
        void this.#send(fresh);
      });
    });
  }

  async #send(group: readonly Waiting<J, R>[]): Promise<void> {
    try {
      const results = await this.#rules.run(group.map(({ job }) => job));
      for (const [index, { resolve }] of group.entries()) resolve(results[index]);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
