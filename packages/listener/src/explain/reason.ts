import type { Binding } from './bounds.js';
import type { ContainerExplanation } from './container-explanation.js';

type Facts = Pick<ContainerExplanation, 'bounds' | 'latencyMs' | 'concurrency' | 'inFlight' | 'hottest'> & {
  /** Records that wait behind others of their lane. */
  readonly behind: number;
};

/** What binds, in a sentence and with its figures. */
export function reasonOf(binding: Binding, facts: Facts): string {
  const { concurrency, latencyMs, bounds, behind, inFlight, hottest } = facts;
  switch (binding) {
    case 'concurrency':
      return `all ${concurrency} slots are taken, at ${ms(latencyMs)} a call: ${rate(bounds.concurrency)} at most`;
    case 'hottest-key':
    case 'hottest-partition':
      return `${behind} records wait behind others of their ${binding.slice(8)}${hottestOf(hottest[0])}: ${rate(bounds.hottestKey)} at most`;
    case 'retries':
      return `most of ${behind} records wait behind some that are to be tried again, or for a commit`;
    case 'event-loop':
      return `listeners hold the event loop: ${rate(bounds.eventLoop)} at most`;
    case 'executor':
      return `the executor gives no slots, and ${inFlight} of ${concurrency} are in use here`;
    case 'fetch':
      return `slots are free and nothing is queued: records do not come fast enough`;
    case 'input':
      return 'everything there is has been read';
    case 'paused':
      return 'all partitions are paused';
  }
}

const ms = (latencyMs: number | undefined): string =>
  latencyMs === undefined ? 'an unknown time' : `${latencyMs.toPrecision(3)} ms`;

const rate = (bound: number | undefined): string =>
  bound === undefined ? 'unknown how many' : `${Math.round(bound)} records a second`;

const hottestOf = (hottest: Facts['hottest'][number] | undefined): string =>
  hottest === undefined ? '' : `, the hottest of which has ${(hottest.share * 100).toFixed(1)} % of them`;
