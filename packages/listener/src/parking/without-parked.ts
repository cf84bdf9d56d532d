/** What the pattern matches, but for parked topics: a container that listens to its own would park their records once more. */
export function withoutParked(pattern: RegExp, suffix: string): RegExp {
  const literal = suffix.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`^(?!.*${literal}$)(?=.*(?:${pattern.source}))`, pattern.flags);
}
