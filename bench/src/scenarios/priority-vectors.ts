import { readFileSync } from 'node:fs';
import { ExponentialQuotaDistributor, flipkartRound, flipkartState } from 'hearken';
import { defineScenario, type Figures } from '../scenario.js';

/** What Flipkart's own classes did: see FlipkartVectors.java beside it. Compiled files are two folders down. */
const VECTORS = new URL('../../../packages/priority/test/flipkart/flipkart-vectors.jsonl', import.meta.url);

type Counts = readonly number[];
interface Distribution {
  readonly levels: number;
  readonly capacity: number;
  readonly shares: Counts;
}
interface Trace {
  readonly levels: number;
  readonly capacity: number;
  readonly size: number;
  readonly threshold: number;
  readonly polls: readonly (readonly [backlogs: Counts, limits: Counts, counts: Counts])[];
}

const settings = { turns: 1 };

/** Flipkart's rule, vector by vector. */
export const priorityVectors = defineScenario<typeof settings>({
  settings,
  contests: {
    'of the JVM': {
      hearken: () => Promise.resolve(replay()),
      peers: {},
      compared: [],
      gates: [
        { figure: 'exact', atLeast: 1 },
        { figure: 'vectors', atLeast: 100 },
      ],
    },
  },
});

function replay(): Figures {
  const lines = readFileSync(VECTORS, 'utf8').trim().split('\n');
  const vectors = lines.map((line) => JSON.parse(line) as Distribution | Trace);
  const verdicts = vectors.flatMap((vector) => ('shares' in vector ? [isExact(vector)] : followed(vector)));
  return { vectors: verdicts.length, exact: verdicts.filter((same) => same).length / verdicts.length };
}

const quotas = (levels: number, capacity: number): number[] =>
  Array.from(new ExponentialQuotaDistributor().distribution(levels, capacity))
    .sort(([one], [other]) => one - other)
    .map(([, share]) => share);

const isExact = ({ levels, capacity, shares }: Distribution): boolean => same(quotas(levels, capacity), shares);

function followed({ levels, capacity, size, threshold, polls }: Trace): boolean[] {
  let state = flipkartState(quotas(levels, capacity), { size, maxedOutThreshold: threshold });
  return polls.map(([backlogs, limits, counts]) => {
    const round = flipkartRound(state, backlogs);
    state = round.next;
    return same(round.limits, limits) && same(round.counts, counts);
  });
}

const same = (ours: Counts, theirs: Counts): boolean =>
  ours.length === theirs.length && ours.every((count, i) => count === theirs[i]);
