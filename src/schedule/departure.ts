import { ServiceError } from '../errors.ts';

/** The two reasons to stop a request early, as one signal: the client left, or the deadline passed. */
export interface Departure {
  /** Its reason is the error to answer with. */
  readonly signal: AbortSignal;
  /** To be called when the first tile starts: from then on a deadline passes in the kernel, before it in the queue. */
  readonly onStart: () => void;
  unwatch(): void;
}

/** @param passedMs of the time that there is */
export function watchDeparture(
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  passedMs = 0,
): Departure {
  const abort = new AbortController();
  let where = 'in the queue';
  const leave = (): void => abort.abort(new ServiceError('client_closed_request', 'The client closed the connection'));
  const expire = (): void => {
    const detail = `The deadline of ${timeoutMs} ms passed ${where}`;
    abort.abort(new ServiceError('deadline_exceeded', detail, { limit: timeoutMs, setting: 'REQUEST_TIMEOUT_MS' }));
  };
  const deadline = setTimeout(expire, timeoutMs - passedMs);
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  return {
    signal: abort.signal,
    onStart: () => {
      where = 'in the kernel';
    },
    unwatch: () => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', leave);
    },
  };
}
