/** The shortest piece of a name that says which is meant. */
const MIN_PIECE = 4;

/**
 * The candidate that takes the fewest edits to reach, if that is few for the word's length; else the shortest one that
 * begins or ends with it ("batchSize" for "batchSizeBytes"). Case does not count.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best ?? containing(word.toLowerCase(), candidates);
}

/** The end of a message about a name that there is not: "; did you mean …?", or nothing if none is near. */
export function didYouMean(name: unknown, names: readonly string[]): string {
  const near = typeof name === 'string' ? nearest(name, names) : undefined;
  return near === undefined ? '' : `; did you mean '${near}'?`;
}

/** The same; where none is near it says which there are. */
export const orKnown = (name: unknown, names: readonly string[]): string =>
  didYouMean(name, names) || `; known are ${names.join(', ') || 'none'}`;

function containing(piece: string, candidates: readonly string[]): string | undefined {
  if (piece.length < MIN_PIECE) return undefined;
  return candidates
    .filter((candidate) => candidate.toLowerCase().startsWith(piece) || candidate.toLowerCase().endsWith(piece))
    .reduce<string | undefined>(
      (best, one) => (best !== undefined && best.length <= one.length ? best : one),
      undefined,
    );
}

/** Levenshtein's distance, one row at a time. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1));
    }
    row = next;
  }
  return at(row, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
