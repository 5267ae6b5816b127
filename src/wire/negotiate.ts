import { fail } from '../errors.ts';
import { clip } from './fault.ts';

/** The media type of a Content-Type header in lower case, without parameters; undefined where there is none. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase();
  return type === undefined || type === '' ? undefined : type;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

const RANGE = /^([!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+)$/;

/** Ranges of an Accept header (RFC 9110 §12.5.1); what cannot be parsed is left out, parameters other than q are not looked at. */
function rangesOf(accept: string): Range[] {
  return accept.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    const known = RANGE.test(type) && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight);
    return known ? [{ type, quality: Number(weight) }] : [];
  });
}

// 3 for the very type, 2 for any of its main type, 1 for any at all, 0 for no match.
function specificity(range: string, offered: string): number {
  if (range === offered) return 3;
  if (range === '*/*') return 1;
  return range.endsWith('/*') && offered.startsWith(range.slice(0, -1)) ? 2 : 0;
}

function qualityOf(offered: string, ranges: readonly Range[]): number {
  let best = 0;
  let quality = 0;
  for (const range of ranges) {
    const match = specificity(range.type, offered);
    if (match > best) {
      best = match;
      quality = range.quality;
    }
  }
  return quality;
}

/**
 * Picks what to answer with: the offered type of the highest quality, the first of them on a tie, `offered[0]` without a header.
 * @param offered media types in lower case, the preferred one first
 * @throws ServiceError `not_acceptable`
 */
export function chooseResponse(accept: string | undefined, offered: readonly string[]): string {
  const first = offered[0];
  if (first === undefined) fail('internal', 'No media type to offer');
  if (accept === undefined || accept.trim() === '') return first;
  const ranges = rangesOf(accept);
  let chosen: string | undefined;
  let highest = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > highest) {
      highest = quality;
      chosen = type;
    }
  }
  return chosen ?? fail('not_acceptable', `Accept "${clip(accept)}" takes none of ${offered.join(', ')}`);
}
