/** How deep a chain of causes is followed: one that comes back to itself must end. */
const MAX_CAUSES = 16;

/** The error, its cause, the cause of that and so on. */
export function* chainOf(error: unknown): Generator {
  let one = error;
  for (let depth = 0; depth < MAX_CAUSES; depth++) {
    yield one;
    if (!(one instanceof Error) || one.cause === undefined) return;
    one = one.cause;
  }
}
