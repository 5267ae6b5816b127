/**
 * Gathers attend steps that are asked for at the same time, such as the heads of one request: those of one shape become slices of one
 * dispatch, one upload and one read.
 */
import { runAttends } from './attend.ts';
import { type AttendJob, type AttendShape, attendFloats, attendFlops, attendShape } from './attend-shape.ts';
import type { Session } from './session.ts';

interface Waiting extends AttendJob {
  readonly done: (error: unknown) => void;
}

interface Group {
  readonly shape: AttendShape;
  readonly jobs: Waiting[];
}

/** What every device takes in one dimension of a dispatch. */
const MOST_SLICES = 65535;

export class AttendBatch {
  readonly #session: Session;
  #groups = new Map<string, Group>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws Error (a rejection) when operands contradict each other or the device fails. */
  async run(job: AttendJob): Promise<void> {
    const shape = attendShape(this.#session.device, job);
    const key = Object.values(shape).join(' ');
    const group = this.#groups.get(key);
    return new Promise((resolve, reject) => {
      const waiting = { ...job, done: (error: unknown) => (error === null ? resolve() : reject(error)) };
      if (group !== undefined && group.jobs.length < this.#mostSlices(shape)) {
        group.jobs.push(waiting);
        return;
      }
      const fresh = { shape, jobs: [waiting] };
      this.#groups.set(key, fresh);
      // Everything that one message of the supervisor, or several in a row, ask for has arrived by then.
      setImmediate(() => {
        if (this.#groups.get(key) === fresh) this.#groups.delete(key);
        this.#send(fresh);
      });
    });
  }

  #send({ shape, jobs }: Group): void {
    runAttends(this.#session, shape, jobs).then(
      () => {
        for (const { done } of jobs) done(null);
      },
      (error: unknown) => {
        for (const { done } of jobs) done(error);
      },
    );
  }

  /** No batch takes longer than one dispatch may, nor more than a part of an arena. */
  #mostSlices(shape: AttendShape): number {
    const { budget, capacity } = this.#session.device;
    const timely = budget / Math.max(1, attendFlops(shape));
    const fitting = capacity / 4 / Math.max(1, attendFloats(shape));
    return Math.max(1, Math.min(MOST_SLICES, timely, fitting));
  }
}
