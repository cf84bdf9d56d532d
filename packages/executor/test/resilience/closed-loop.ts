/** Something that says how many calls may run, and learns how long each took. */
export interface Limited {
  readonly now: number;
  begin(running: number): number;
  ended(window: number, latencyMs: number): unknown;
}

interface Call {
  readonly endsAt: number;
  readonly startedAt: number;
  readonly window: number;
}

/** What came of it. */
export interface Played {
  /** In the second half: by then it has found what it finds. */
  readonly callsPerSecond: number;
}

/**
 * So many calls through a limit that is always used, in simulated time.
 * @param latencyOf of a call that begins as one of so many
 */
export function playClosedLoop(limit: Limited, calls: number, latencyOf: (running: number) => number): Played {
  const running: Call[] = [];
  let [now, halfAt] = [0, 0];
  for (let ended = 0; ended < calls; ended++) {
    if (ended === Math.floor(calls / 2)) halfAt = now;
    while (running.length < Math.max(1, limit.now)) {
      const window = limit.begin(running.length + 1);
      insert(running, { endsAt: now + latencyOf(running.length + 1), startedAt: now, window });
    }
    const { endsAt, startedAt, window } = running.pop()!;
    now = endsAt;
    limit.ended(window, endsAt - startedAt);
  }
  const counted = calls - Math.floor(calls / 2);
  return { callsPerSecond: (counted * 1_000) / (now - halfAt) };
}

/** The one that ends first stands last; of those that end together the first that came. */
function insert(calls: Call[], call: Call): void {
  let [low, high] = [0, calls.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calls[middle]!.endsAt >= call.endsAt) low = middle + 1;
    else high = middle;
  }
  while (low > 0 && calls[low - 1]!.endsAt === call.endsAt) low--;
  calls.splice(low, 0, call);
}

/** Numbers from 0 to 1 that are the same in each run. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** A normal variable, by Box and Muller. */
export const gaussian = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
