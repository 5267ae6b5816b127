/** What is there already, as almost everything of a small request is, or what a thread will bring. */
export type Soon<T> = T | Promise<T>;

/**
 * Goes on with a value, at once where it is there: a handler none of whose steps waits makes no promise, of which each costs a small request
 * as much as a step of its work.
 */
export function after<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What a handler gives back to Fastify: nothing where the answer is out already, since Fastify would wait for whatever it is given. */
export function later<T>(value: Soon<T>): Promise<T> | undefined {
  return value instanceof Promise ? value : undefined;
}
