import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fail } from '../src/errors.ts';

const HEADER = 'x-request-timeout-ms';

/** For the document: `deadlineMs` reads the header itself. */
export const DeadlineHeadersSchema = z.object({
  [HEADER]: z
    .int()
    .min(1)
    .max(9_999_999_999)
    .optional()
    .meta({ description: 'Deadline in milliseconds; the least of it, timeoutMs and the server limit counts' }),
});

/**
 * The one deadline of a request in milliseconds: the least of the server's limit, the body's `timeoutMs` and `X-Request-Timeout-Ms`.
 * @throws ServiceError `malformed` for a header that is no positive whole number
 */
export function deadlineMs(request: FastifyRequest, asked: number | undefined, limit: number): number {
  const header = request.headers[HEADER];
  if (header === undefined) return Math.min(limit, asked ?? limit);
  if (typeof header !== 'string' || !/^[1-9]\d{0,9}$/.test(header))
    fail('malformed', `${HEADER} takes a positive whole number of milliseconds`);
  return Math.min(limit, asked ?? limit, Number(header));
}
