/** The object without its members that are null: absent fields are left out of responses, never written as null (serving.md §F.1). */
export function withoutNulls<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) as Partial<T>;
}
