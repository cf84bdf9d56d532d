import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../../dist/broker-error.js';
import type { PartitionLog } from '../../dist/log/partition-log.js';
import { aBatch, ALL, aLog, COMMITTED } from './a-log.js';
import { ModelLog, type ToAppend } from './model-log.js';
import { committedValuesOf, valuesOf } from './read-committed.js';

const producerId = fc.nat(1);
const count = fc.integer({ min: 1, max: 3 });

/** Numbers are taken modulo what there is when the step is taken. */
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('plain' as const), count }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      producerId,
      count,
      transactional: fc.boolean(),
      skip: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('retry' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('mark' as const), producerId, commit: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bump' as const), producerId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fenced' as const), producerId, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), offset: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('truncate' as const), offset: fc.nat(4) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A log and its model, taken through the same steps. */
class Pair {
  readonly log: PartitionLog = aLog().log;
  readonly model = new ModelLog();
  readonly #epochs = [0, 0];
  readonly #sent: ToAppend[] = [];
  #values = 0;

  take(step: Step): void {
    if (step.do === 'plain') this.#append({ values: this.#fresh(step.count), producer: null, transactional: false });
    else if (step.do === 'send') this.#send(step.producerId, step.count, step.transactional, step.skip);
    else if (step.do === 'retry') this.#retry(step.which);
    else if (step.do === 'mark') this.#mark(step.producerId, step.commit ? 'COMMIT' : 'ABORT');
    else if (step.do === 'bump') this.#epochs[step.producerId]! += 1;
    else if (step.do === 'fenced') this.#sendFenced(step.producerId, step.count);
    else if (step.do === 'delete') this.#delete(step.offset);
    else this.#truncate(step.offset);
  }

  #send(id: number, count: number, transactional: boolean, skip: number): void {
    const epoch = this.#epochs[id]!;
    const sequence = this.model.nextSequence(id, epoch) + skip;
    const batch = { values: this.#fresh(count), producer: { id, epoch, sequence }, transactional };
    this.#sent.push(batch);
    this.#append(batch);
  }

  #sendFenced(id: number, count: number): void {
    const producer = { id, epoch: this.#epochs[id]! - 1, sequence: 0 };
    if (producer.epoch >= 0) this.#append({ values: this.#fresh(count), producer, transactional: false });
  }

  #retry(which: number): void {
    const batch = this.#sent.at(-1 - (which % 8));
    if (batch !== undefined) this.#append(batch);
  }

  #append(batch: ToAppend): void {
    const end = this.log.logEndOffset;
    const answer = outcomeOf(() => this.log.append(bytesOf(batch), { leaderEpoch: 0 }).baseOffset);
    const expected = this.model.append(batch);
    assert.equal(answer, expected);
    if (expected !== end) assert.equal(this.log.logEndOffset, end, 'a duplicate or a refused batch takes no offsets');
  }

  #mark(id: number, type: 'COMMIT' | 'ABORT'): void {
    const epoch = this.#epochs[id]!;
    const answer = outcomeOf(() => this.log.appendMarker(id, epoch, type, 0));
    assert.equal(answer, this.model.mark(id, epoch, type));
  }

  #delete(beyondStart: number): void {
    const offset = Math.min(this.model.end, this.model.start + beyondStart);
    assert.equal(this.log.deleteRecordsBefore(offset), offset);
    this.model.startAt(offset);
  }

  #truncate(beforeEnd: number): void {
    const offset = Math.max(this.model.start, this.model.end - beforeEnd);
    if (offset === this.model.end) return;
    this.log.truncateTo(offset);
    this.model.truncate(offset);
  }

  #fresh(count: number): string[] {
    return Array.from({ length: count }, () => `v${this.#values++}`);
  }
}

function bytesOf({ values, producer, transactional }: ToAppend): Buffer {
  if (producer === null) return aBatch(values);
  return aBatch(values, {
    producerId: producer.id,
    producerEpoch: producer.epoch,
    baseSequence: producer.sequence,
    transactional,
  });
}

function outcomeOf(run: () => number): number | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof BrokerError) return error.errorName;
    throw error;
  }
}

/** In reads of whole batches of at most so many bytes, or one. */
function readAll(log: PartitionLog, from: number, maxBytes: number, limits: typeof ALL | typeof COMMITTED): string[] {
  const values: string[] = [];
  for (let at = from; ;) {
    const read = log.read(at, { ...limits, maxBytes });
    const all = Buffer.concat(read.batches);
    const last = RecordBatch.readAll(all).at(-1);
    assert.equal(all.length, read.sizeBytes);
    assert.ok(read.sizeBytes <= maxBytes || read.batches.length === 1);
    if (last === undefined) return values;
    values.push(...(limits === ALL ? valuesOf(read.batches, at) : committedValuesOf(read, at)));
    at = last.nextOffset;
  }
}

describe('PartitionLog: laws', () => {
  it('is a list of records, whatever is appended, sent again, committed, aborted, deleted and cut off', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.nat(),
        fc.integer({ min: 1, max: 400 }),
        (steps, at, maxBytes) => {
          const { log, model } = pairAfter(steps);
          const from = model.start + (at % (model.end - model.start + 1));
          assert.deepEqual(readAll(log, from, maxBytes, ALL), model.valuesFrom(from));
          assert.deepEqual(readAll(log, from, maxBytes, COMMITTED), model.committedFrom(from));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('tells how the transaction of each record ended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { log, model } = pairAfter(steps);
        const told = (await log.records()).map(({ offset, value, transaction }) => [
          offset,
          String(value),
          transaction,
        ]);
        const expected = model.records
          .filter(({ offset, value }) => value !== null && offset >= model.start)
          .map((record) => [record.offset, record.value, model.outcome(record)]);
        assert.deepEqual(told, expected);
      }),
      { numRuns: 100 },
    );
  });
});

function pairAfter(steps: readonly Step[]): Pair {
  const pair = new Pair();
  for (const each of steps) {
    pair.take(each);
    const { log, model } = pair;
    assert.deepEqual([log.logStartOffset, log.logEndOffset], [model.start, model.end]);
    assert.equal(log.lastStableOffset, model.lastStableOffset);
    assert.equal(log.sizeBytes, log.readableBytes(log.logStartOffset, 'read_uncommitted'));
    const { sizeBytes } = log.read(log.logStartOffset, COMMITTED);
    assert.equal(log.readableBytes(log.logStartOffset, 'read_committed'), sizeBytes);
  }
  return pair;
}
