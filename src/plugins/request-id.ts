import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The client's `X-Request-Id` where it is printable and short, otherwise a new one: it goes back in a header and into the log. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
}
