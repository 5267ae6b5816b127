/** The rows of one of `parts` contiguous ranges of n rows. */
export function rangeOfPart(n: number, part: number, parts: number): [first: number, last: number] {
  return [Math.floor((part * n) / parts), Math.floor(((part + 1) * n) / parts)];
}
