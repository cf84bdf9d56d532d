import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import type { AssignedPartition } from '../../dist/consumer/assigned-partition.js';
import { BufferedMemory } from '../../dist/consumer/buffered-memory.js';
import type { FetchedMemory } from '../../dist/consumer/fetched-memory.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { batchOf } from './support/batches.js';

const PARTITIONS = 4;
const LIMIT = 100_000;
const ANSWER = 20_000;
const PER_BATCH = 3;
const SIZES = [1, 100, 600];

const NONE = new AbortedTransactions([]);
/** Of each size, one whose values tell it: offsets are written when it is used. */
const batches = await Promise.all(
  SIZES.flatMap((size) =>
    (['none', 'gzip'] as const).map((compression) =>
      batchOf({ baseOffset: 0, values: Array.from({ length: PER_BATCH }, (_, i) => `${i}`.repeat(size)), compression }),
    ),
  ),
);

/** What came with one answer, and what is polled after it. */
interface Round {
  /** By partition, which of the batches it brings. */
  readonly brings: readonly (readonly number[])[];
  readonly takes: readonly { readonly partition: number; readonly most: number }[];
}

/** The last partition brings little, and is never polled. */
const most = fc.integer({ min: 1, max: 20 });
const round: fc.Arbitrary<Round> = fc.record({
  brings: fc.tuple(...Array.from({ length: PARTITIONS }, (_, partition) => broughtBy(partition))),
  takes: fc.array(fc.record({ partition: fc.nat(PARTITIONS - 2), most }), { maxLength: 6 }),
});

function broughtBy(partition: number): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.nat(partition === PARTITIONS - 1 ? 1 : batches.length - 1), { maxLength: 3 });
}

class Reader {
  readonly subscription = new SubscriptionState(() => undefined);
  readonly #memory = new BufferedMemory(this.subscription, LIMIT);
  readonly #came = Array.from({ length: PARTITIONS }, () => [] as string[]);
  readonly #taken = Array.from({ length: PARTITIONS }, () => [] as string[]);

  constructor() {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'orders', partition }));
    for (const partition of this.subscription.assign(partitions)) partition.startAt(0);
    this.subscription.activate();
  }

  at(partition: number): AssignedPartition {
    return this.subscription.require({ topic: 'orders', partition });
  }

  /** One answer, of which each partition is told its part. */
  fetch({ brings }: Pick<Round, 'brings'>): void {
    const answer = Buffer.allocUnsafeSlow(ANSWER);
    let end = 0;
    for (const [partition, brought] of brings.entries()) {
      if (brought.length === 0) continue;
      const start = end;
      for (const [i, which] of brought.entries()) {
        const offset = (this.at(partition).buffer?.fetchOffset ?? 0) + i * PER_BATCH;
        const batch = answer.subarray(end, (end += batches[which]?.copy(answer, end) ?? 0));
        batch.writeBigInt64BE(BigInt(offset)); // not covered by the checksum
        const size = SIZES[Math.floor(which / 2)] ?? 0;
        for (let n = 0; n < PER_BATCH; n++) this.#came[partition]?.push(`${offset + n} ${`${n}`.repeat(size)}`);
      }
      const part = answer.subarray(start, end);
      this.at(partition).append(part, NONE, { checkCrcs: true, memory: this.#memory.of(part) });
    }
  }

  take(partition: number, most: number): number {
    const taken = this.at(partition).take(most);
    for (const { offset, value } of taken?.records ?? []) this.#taken[partition]?.push(`${offset} ${String(value)}`);
    return taken?.memoryBytes ?? 0;
  }

  /** What is kept, and of how much that is held. */
  get kept(): readonly [kept: number, held: number] {
    const held = new Map<FetchedMemory, number>();
    for (const { buffer } of this.subscription.partitions) buffer?.addHeld(held);
    return [...held].reduce(([kept, all], [{ bytes }, of]) => [kept + bytes, all + of], [0, 0]);
  }

  /** Reads on to the end, as batches are decompressed. */
  async readAll(): Promise<void> {
    for (const [partition, came] of this.#came.entries()) {
      while (this.at(partition).buffer?.isEmpty === false) {
        this.take(partition, 7);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual(this.#taken[partition], came);
    }
  }
}

describe('BufferedMemory', () => {
  it('keeps at most three times the limit, whatever is polled when, and loses nothing of it', () =>
    fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 20, maxLength: 100 }), async (rounds) => {
        const reader = new Reader();
        for (const { brings, takes } of rounds) {
          if (reader.subscription.bufferedBytes < LIMIT) reader.fetch({ brings });
          const [kept, held] = reader.kept;
          assert.ok(kept <= Math.max(2 * held, held + LIMIT / 2) + LIMIT + ANSWER, `${kept} for ${held}`);
          for (const { partition, most } of takes) reader.take(partition, most);
        }
        await reader.readAll();
      }),
      { numRuns: 20 },
    ));

  it('lets go of answers of which one partition keeps a little', () => {
    const reader = new Reader();
    for (let i = 0; i < 500; i++) {
      reader.fetch({ brings: [[0], [4]] });
      reader.take(1, PER_BATCH);
    }
    const [kept, held] = reader.kept;
    assert.equal(held, 500 * (batches[0]?.length ?? 0));
    assert.ok(kept <= 2 * held + LIMIT + ANSWER, `${kept} kept for ${held}, where ${500 * ANSWER} came`);
  });

  it('goes on in the middle of a batch that was copied', async () => {
    const reader = new Reader();
    reader.fetch({ brings: [[4]] });
    reader.take(0, 2);
    for (let i = 0; i < 20; i++) {
      reader.fetch({ brings: [[], [4]] });
      reader.take(1, PER_BATCH);
    }
    assert.ok(reader.kept[0] < 2 * LIMIT);
    await reader.readAll();
  });

  it('tells the size of an answer with its first record, of all that it brought, and of what it decompressed', async () => {
    const reader = new Reader();
    reader.fetch({ brings: [[0], [0]] });
    assert.deepEqual([reader.take(0, 1), reader.take(0, 1), reader.take(1, 1)], [ANSWER, 0, 0]); // prettier-ignore
    reader.fetch({ brings: [[], [], [5]] });
    await new Promise((resolve) => setImmediate(resolve));
    const told = reader.take(2, 1);
    assert.ok(told >= 3 * 600 && told !== ANSWER, `${told}`);
  });
});
