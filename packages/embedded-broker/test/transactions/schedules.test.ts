import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ManualClock } from '@hearken/testing';
import { BrokerError } from '../../dist/broker-error.js';
import { PartitionLog } from '../../dist/log/partition-log.js';
import { ProducerIds } from '../../dist/transactions/producer-ids.js';
import { TransactionCoordinator } from '../../dist/transactions/transaction-coordinator.js';
import { aBatch, DEFAULT_CONFIG } from '../log/a-log.js';
import { readCommitted } from './committed-reader.js';

const PARTITIONS = [0, 1, 2];
const TIMEOUT_MS = 1_000;
/** A fetch is given one batch at least. */
const ONE_BATCH = 1;

/** One that was initialized, and goes on as if it were the only one. */
interface Producer {
  readonly transactionalId: string;
  producerId: number;
  producerEpoch: number;
  /** Of the next batch, by partition. */
  readonly sequences: Map<number, number>;
  last?: { readonly partition: number; readonly batch: Buffer; readonly values: readonly string[] };
}

/** What should be in a partition: every record that was let in, in order, and what became of its transaction. */
interface Written {
  readonly value: string;
  readonly transaction: { outcome: 'open' | 'committed' | 'aborted' };
}

/** The plain model of one transactional id. */
interface Expected {
  current: Producer | undefined;
  /** The current one's transaction timed out, and it has not asked for its next epoch yet. */
  isTimedOut: boolean;
  transaction: Written['transaction'] | undefined;
  endsAtMs: number;
  added: Set<number>;
}

type Step =
  | { do: 'init'; id: number }
  | { do: 'add' | 'send' | 'resend'; who: number; partition: number }
  | { do: 'end'; who: number; committed: boolean }
  | { do: 'bump'; who: number }
  | { do: 'wait'; ms: number };

/** Of the producers so far, the latest first: the others are zombies, or become one. */
const who = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(5) });
const partition = fc.constantFrom(...PARTITIONS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('init' as const), id: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), who, partition }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('send' as const), who, partition }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resend' as const), who, partition }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), who, committed: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('bump' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: TIMEOUT_MS }) }),
  },
);

class Schedule {
  readonly #clock = new ManualClock();
  readonly #logs = PARTITIONS.map(() => new PartitionLog({ clock: this.#clock, config: () => DEFAULT_CONFIG }));
  readonly #coordinator = new TransactionCoordinator({
    clock: this.#clock,
    producerIds: new ProducerIds(),
    partition: ({ partition: index }) => ({ log: this.#logs[index]!, leaderEpoch: 0 }),
    groups: { completeTransaction: () => undefined },
    config: () => ({ maxTimeoutMs: TIMEOUT_MS, idExpirationMs: 3_600_000 }),
  });
  readonly #producers: Producer[] = [];
  readonly #expected = new Map<string, Expected>();
  readonly #written: Written[][] = PARTITIONS.map(() => []);
  #values = 0;

  run(one: Step): void {
    if (one.do === 'init') this.#init(`tx-${one.id}`);
    if (one.do === 'wait') this.#wait(one.ms);
    const producer = 'who' in one ? this.#producers.at(-1 - one.who) : undefined;
    if (producer === undefined) return;
    if (one.do === 'add') this.#add(producer, one.partition);
    if (one.do === 'send') this.#send(producer, one.partition);
    if (one.do === 'resend') this.#resend(producer);
    if (one.do === 'end') this.#end(producer, one.committed);
    if (one.do === 'bump') this.#bump(producer);
  }

  check(maxBytes?: number): void {
    for (const [index, log] of this.#logs.entries()) {
      const written = this.#written[index]!;
      const open = written.findIndex(({ transaction }) => transaction.outcome === 'open');
      const stable = open === -1 ? written : written.slice(0, open);
      const committed = stable.filter(({ transaction }) => transaction.outcome === 'committed');
      assert.deepEqual(
        readCommitted(log, maxBytes),
        committed.map(({ value }) => value),
      );
    }
  }

  /** Time goes by until nothing is open. */
  finish(): void {
    this.check(ONE_BATCH);
    this.#wait(TIMEOUT_MS);
    this.check();
    this.check(ONE_BATCH);
    for (const log of this.#logs) assert.equal(log.lastStableOffset, log.logEndOffset);
    this.#coordinator.close();
    assert.equal(this.#clock.pendingTimers, 0);
  }

  #init(transactionalId: string): void {
    const expected = this.#of(transactionalId);
    const ask = () => this.#coordinator.initProducerId(transactionalId, TIMEOUT_MS);
    if (expected.transaction !== undefined) {
      assert.throws(ask, { errorName: 'CONCURRENT_TRANSACTIONS' });
      this.#over(expected, 'aborted');
    }
    expected.current = { transactionalId, ...ask(), sequences: new Map() };
    expected.isTimedOut = false;
    this.#producers.push(expected.current);
  }

  #add(producer: Producer, index: number): void {
    const expected = this.#of(producer.transactionalId);
    const act = () => this.#coordinator.addPartitions(producer, [{ topic: 't', partition: index }]);
    if (!isActive(expected, producer)) {
      refused(act);
      return;
    }
    act();
    if (expected.transaction === undefined) {
      expected.transaction = { outcome: 'open' };
      expected.endsAtMs = this.#clock.monotonic() + TIMEOUT_MS;
    }
    expected.added.add(index);
  }

  #send(producer: Producer, index: number): void {
    const baseSequence = producer.sequences.get(index) ?? 0;
    const values = Array.from({ length: 1 + (this.#values % 3) }, () => `v${this.#values++}`);
    const { producerId, producerEpoch } = producer;
    const batch = aBatch(values, { producerId, producerEpoch, baseSequence, transactional: true });
    if (!this.#append(producer, index, batch)) return;
    producer.sequences.set(index, baseSequence + values.length);
    producer.last = { partition: index, batch, values };
    const transaction = this.#of(producer.transactionalId).transaction!;
    this.#written[index]!.push(...values.map((value) => ({ value, transaction })));
  }

  /** The answer was lost: the same batch once more, which changes nothing. */
  #resend({ last, ...producer }: Producer): void {
    if (last === undefined) return;
    const log = this.#logs[last.partition]!;
    const end = log.logEndOffset;
    try {
      const appended = log.append(Buffer.from(last.batch), {
        leaderEpoch: 0,
        verifyTransaction: () => this.#verify(producer, last.partition),
      });
      assert.equal(appended.duplicate, true);
    } catch (error) {
      assert.ok(error instanceof BrokerError, String(error));
    }
    assert.equal(log.logEndOffset, end);
  }

  #end(producer: Producer, committed: boolean): void {
    const expected = this.#of(producer.transactionalId);
    const act = () => this.#coordinator.end(producer, committed);
    if (!isActive(expected, producer)) {
      refused(act);
      return;
    }
    if (expected.transaction !== undefined) {
      act();
      this.#over(expected, committed ? 'committed' : 'aborted');
    }
  }

  /** The producer asks for its next epoch, as one does whose transaction timed out. Of a zombie it makes nothing. */
  #bump(producer: Producer): void {
    const expected = this.#of(producer.transactionalId);
    if (expected.transaction !== undefined) return;
    try {
      const was = { producerId: producer.producerId, producerEpoch: producer.producerEpoch };
      Object.assign(producer, this.#coordinator.initProducerId(producer.transactionalId, TIMEOUT_MS, was));
      producer.sequences.clear();
      delete producer.last;
      assert.equal(expected.current, producer, 'a zombie came back');
      expected.isTimedOut = false;
    } catch (error) {
      assert.ok(error instanceof BrokerError && error.errorName === 'PRODUCER_FENCED', String(error));
      assert.notEqual(expected.current, producer);
    }
  }

  #wait(ms: number): void {
    this.#clock.advance(ms);
    for (const expected of this.#expected.values()) {
      if (expected.transaction !== undefined && expected.endsAtMs <= this.#clock.monotonic()) {
        this.#over(expected, 'aborted');
        expected.isTimedOut = true;
      }
    }
  }

  #append(producer: Producer, index: number, batch: Buffer): boolean {
    const expected = this.#of(producer.transactionalId);
    const append = () =>
      this.#logs[index]!.append(batch, { leaderEpoch: 0, verifyTransaction: () => this.#verify(producer, index) });
    const isLetIn = isActive(expected, producer) && expected.transaction !== undefined && expected.added.has(index);
    if (isLetIn) assert.equal(append().duplicate, false);
    else refused(append);
    return isLetIn;
  }

  #verify(producer: Omit<Producer, 'last'>, index: number): void {
    this.#coordinator.verify(producer, { topic: 't', partition: index }, { abortable: false });
  }

  #over(expected: Expected, outcome: 'committed' | 'aborted'): void {
    expected.transaction!.outcome = outcome;
    expected.transaction = undefined;
    expected.added.clear();
  }

  #of(transactionalId: string): Expected {
    const known = this.#expected.get(transactionalId);
    const expected = known ?? {
      current: undefined,
      isTimedOut: false,
      transaction: undefined,
      endsAtMs: 0,
      added: new Set<number>(),
    };
    this.#expected.set(transactionalId, expected);
    return expected;
  }
}

const isActive = ({ current, isTimedOut }: Expected, producer: Producer): boolean =>
  current === producer && !isTimedOut;

function refused(act: () => unknown): void {
  assert.throws(act, BrokerError);
}

describe('Transactions in any order', () => {
  it('show exactly what was committed, in order, never a zombie’s, and end', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const schedule = new Schedule();
        for (const one of steps) {
          schedule.run(one);
          schedule.check();
        }
        schedule.finish();
      }),
      { numRuns: 30 },
    );
  });
});
