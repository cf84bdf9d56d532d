import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { aRecord } from '@hearken/testing';
import fc from 'fast-check';
import { newCounters } from '../../dist/container-metrics.js';
import { Delivery, type DeliveryLane } from '../../dist/dispatch/delivery.js';
import { bytesOf } from '../../dist/dispatch/lane.js';
import { Lanes, oneByOne } from '../../dist/dispatch/lanes.js';
import { PinnedMemory } from '../../dist/dispatch/pinned-memory.js';
import type { Work } from '../../dist/dispatch/work.js';

const BUFFER = 10_000;
const ANSWER = 2_000;
const MOST_RUNNING = 20;
/** Whose partition it is, and who asks, is nothing to lanes. */
const NOBODY = undefined as never;

/** What one answer brings: keys, and how large their values are. */
type Brought = readonly { readonly key: string; readonly size: number }[];

/** Lanes as a container fills them, and beside them a plain list of what is alive. */
class Line {
  readonly counters = newCounters();
  readonly lanes = new Lanes<Delivery, Work>('key', oneByOne<Delivery>());
  readonly waiting = new Set<Delivery>();
  readonly running = new Map<DeliveryLane, Delivery>();
  readonly #memory = new PinnedMemory({ lanes: this.lanes, bufferBytes: BUFFER, counters: this.counters });
  readonly #texts = new Map<number, string>();
  #sequence = 0;

  /** Records in one answer, each of which is a view on it. */
  poll(brought: Brought, size = ANSWER): void {
    const answer = Buffer.allocUnsafeSlow(size);
    let at = 0;
    this.#memory.came(answer.length);
    for (const { key, size } of brought) {
      const from = at;
      at += answer.write(key, at);
      const value = answer.subarray(at, (at += size)).fill(this.#sequence % 256);
      const record = aRecord({ key: answer.subarray(from, from + key.length), value, offset: this.#sequence });
      const delivery = new Delivery(record, NOBODY, this.#sequence++, NOBODY);
      this.#texts.set(delivery.sequence, textOf(record));
      this.waiting.add(delivery);
      this.lanes.add(this.lanes.of({ topic: 'orders', partition: 0 }), delivery);
    }
  }

  start(): void {
    if (this.running.size === MOST_RUNNING) return;
    const lane = this.lanes.next();
    if (lane === undefined) return;
    const delivery = this.lanes.take(lane) as Delivery;
    assert.equal(textOf(delivery.handed), this.#texts.get(delivery.sequence), 'copied or not, it is the same record');
    this.waiting.delete(delivery);
    this.running.set(lane, delivery);
  }

  end(pick: number): void {
    const lane = [...this.running.keys()][pick % Math.max(1, this.running.size)];
    if (lane === undefined) return;
    this.running.delete(lane);
    this.lanes.release(lane);
  }

  /** All memory that something alive is a view on. */
  get kept(): number {
    const memories = new Set<ArrayBufferLike>();
    for (const { record } of [...this.waiting, ...this.running.values()])
      for (const bytes of [record.key, record.value]) if (bytes !== null) memories.add(bytes.buffer);
    for (const { key } of this.lanes) if (key !== null) memories.add(key.buffer);
    return [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}

const textOf = ({ key, value, offset }: ConsumerRecord<unknown, unknown>): string =>
  `${offset} ${String(key)} ${(value as Buffer).toString('latin1')}`;

const sizeOf = (deliveries: Iterable<Delivery>): number => {
  let size = 0;
  for (const { record } of deliveries) size += bytesOf(record);
  return size;
};

const brought: fc.Arbitrary<Brought> = fc.array(
  fc.record({ key: fc.constantFrom('hot', 'a', 'b', 'c', 'd'), size: fc.constantFrom(0, 1, 20, 300) }),
  { minLength: 1, maxLength: 6 },
);
type Step = { poll: Brought } | { start: number } | { end: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ poll: brought }) },
  { weight: 3, arbitrary: fc.record({ start: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ end: fc.nat() }) },
);

describe('PinnedMemory', () => {
  it('bounds what is kept by what waits and runs, whatever is polled, starts and ends', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 250 }), (steps) => {
        const line = new Line();
        let most = 0;
        for (const each of steps) {
          if ('poll' in each) {
            if (line.lanes.queuedBytes < BUFFER) line.poll(each.poll);
          } else if ('end' in each) line.end(each.end);
          else for (let i = 0; i <= each.start; i++) line.start();
          if (!('poll' in each)) continue; // nothing else makes it more
          most = Math.max(most, sizeOf(line.waiting) + sizeOf(line.running.values()));
          assert.ok(line.kept <= 3 * most + 1.5 * BUFFER + 2 * ANSWER, `${line.kept} for ${most}`);
        }
        assert.equal(line.lanes.queuedBytes, sizeOf(line.waiting));
      }),
      { numRuns: 25 },
    );
  });

  it('copies records out that wait for one of their key, and lets go of all that came with them', () => {
    const line = new Line();
    line.poll([{ key: 'hot', size: 10 }]);
    line.start();
    for (let i = 0; i < 200; i++) {
      line.poll([{ key: 'hot', size: 10 }, { key: 'b', size: 300 }]); // prettier-ignore
      line.start();
      line.end(1);
    }
    assert.equal(line.waiting.size, 200);
    assert.ok(line.kept <= 2 * BUFFER, `${line.kept} where ${200 * ANSWER} came`);
    assert.ok(line.counters.copiedOut >= 190 && line.counters.copiedOut <= 200, `${line.counters.copiedOut} copies`);
  });

  it('starts records as copies while those that run keep too much, and no longer', () => {
    const line = new Line();
    for (let i = 0; i < MOST_RUNNING; i++) {
      line.poll([{ key: `${i}`, size: 10 }]);
      line.start();
    }
    assert.equal(line.running.size, MOST_RUNNING);
    assert.ok(line.kept <= 1.5 * BUFFER, `${line.kept}, where each keeps an answer`);
    const before = line.counters.copiedOut;
    assert.ok(before > 0);
    for (let i = 0; i < MOST_RUNNING; i++) line.end(0);
    for (let i = 0; i < 100; i++) {
      line.poll([{ key: `${i}`, size: 10 }]);
      line.start();
      line.end(0);
    }
    assert.ok(line.counters.copiedOut - before <= 3, `${line.counters.copiedOut} copies`); // until it is looked at again
  });

  it('copies nothing of records that end about as they came', () => {
    const line = new Line();
    for (let i = 0; i < 500; i++) {
      line.poll(Array.from({ length: 6 }, (_, key) => ({ key: `${key}`, size: 300 })));
      for (let each = 0; each < 6; each++) line.start();
      for (let each = 0; each < 6; each++) line.end(0);
    }
    assert.equal(line.counters.copiedOut, 0);
  });

  it('keeps no answer for a key of a lane whose record of that answer ended', () => {
    const line = new Line();
    for (let i = 0; i < 100; i++) {
      line.poll([{ key: `lane ${i}`, size: 10 }, { key: `lane ${i}`, size: 10 }]); // prettier-ignore
      line.start();
      line.end(0);
    }
    assert.equal(line.waiting.size, 100);
    assert.ok(line.kept <= 1.5 * BUFFER, `${line.kept}`);
  });
});
