import { readFileSync } from 'node:fs';

/** What Flipkart's ExpMaxPollRecordsDistributor returned. */
export interface DistributionVector {
  readonly levels: number;
  readonly capacity: number;
  readonly shares: readonly number[];
}

/** What Flipkart's consumer did, poll by poll. */
export interface TraceVector {
  readonly levels: number;
  readonly capacity: number;
  readonly size: number;
  readonly threshold: number;
  readonly polls: readonly (readonly [
    backlogs: readonly number[],
    limits: readonly number[],
    counts: readonly number[],
  ])[];
}

const VECTORS = new URL('../../test/flipkart/flipkart-vectors.jsonl', import.meta.url);

const vectors = readFileSync(VECTORS, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as DistributionVector | TraceVector);

/** FlipkartVectors.java made them. */
export const distributions = vectors.filter((vector): vector is DistributionVector => 'shares' in vector);
export const traces = vectors.filter((vector): vector is TraceVector => 'polls' in vector);
