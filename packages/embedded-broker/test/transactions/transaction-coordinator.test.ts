import assert from 'node:assert/strict';
import type { ErrorName } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { BrokerError } from '../../dist/broker-error.js';
import { ProducerIds } from '../../dist/transactions/producer-ids.js';
import { TransactionCoordinator } from '../../dist/transactions/transaction-coordinator.js';

const HOUR_MS = 3_600_000;
const orders = { topic: 'orders', partition: 0 };
const payments = { topic: 'payments', partition: 3 };
const refuses = (errorName: ErrorName) => ({ name: 'BrokerError', errorName });

/** A coordinator that writes down what it does to logs and groups. */
function setup() {
  const clock = new ManualClock();
  const done: unknown[][] = [];
  const deleted = new Set<string>();
  const refusing = new Set<string>();
  const coordinator = new TransactionCoordinator({
    clock,
    producerIds: new ProducerIds(),
    partition: ({ topic, partition }) =>
      deleted.has(topic)
        ? undefined
        : {
            leaderEpoch: 5,
            log: {
              appendMarker(...marker) {
                if (refusing.has(topic)) throw new BrokerError('INVALID_PRODUCER_EPOCH');
                return done.push(['marker', `${topic}-${partition}`, ...marker]);
              },
            },
          },
    groups: { completeTransaction: (...end) => done.push(['groups', ...end]) },
    config: () => ({ maxTimeoutMs: 900_000, idExpirationMs: 168 * HOUR_MS }),
  });
  const init = (was?: { producerId: number; producerEpoch: number }, timeoutMs = 60_000) => ({
    transactionalId: 'tx',
    ...coordinator.initProducerId('tx', timeoutMs, was),
  });
  const state = () => coordinator.describe()[0]!.state;
  return { clock, coordinator, init, state, done, deleted, refusing };
}

describe('InitProducerId', () => {
  it('gives a producer without transactions an id of its own, whatever it says it was', () => {
    const { coordinator, clock } = setup();
    const was = { producerId: 4, producerEpoch: 9 };
    const ids = [undefined, was, undefined].map((one) => coordinator.initProducerId(null, -1, one));
    assert.equal(new Set(ids.map(({ producerId }) => producerId)).size, 3);
    assert.deepEqual(
      ids.map(({ producerEpoch }) => producerEpoch),
      [0, 0, 0],
    );
    assert.deepEqual([coordinator.describe(), clock.pendingTimers], [[], 0]);
  });

  it('gives a transactional id one producer id and the next epoch each time, and no other’s', () => {
    const { coordinator, init } = setup();
    const first = init();
    const other = coordinator.initProducerId('other', 1);
    assert.deepEqual([first.producerEpoch, init().producerEpoch, other.producerEpoch], [0, 1, 0]);
    assert.notEqual(other.producerId, first.producerId);
    assert.equal(init().producerId, first.producerId);
  });

  it('refuses an empty id, and a time-out that is none or longer than allowed', () => {
    const { coordinator } = setup();
    assert.throws(() => coordinator.initProducerId('', 1), refuses('INVALID_REQUEST'));
    for (const timeoutMs of [0, -1, 900_001]) {
      assert.throws(() => coordinator.initProducerId('tx', timeoutMs), refuses('INVALID_TRANSACTION_TIMEOUT'));
    }
    assert.deepEqual(coordinator.describe(), []);
    coordinator.initProducerId('tx', 900_000);
  });

  it('takes a refused request for nothing', () => {
    const { coordinator, init } = setup();
    const producer = init();
    assert.throws(() => init({ producerId: 77, producerEpoch: 0 }), refuses('PRODUCER_FENCED'));
    coordinator.addPartitions(producer, [orders]);
    assert.throws(() => init({ producerId: 77, producerEpoch: 0 }), refuses('PRODUCER_FENCED'));
    assert.throws(() => init(undefined, 0), refuses('INVALID_TRANSACTION_TIMEOUT'));
    coordinator.end(producer, true);
  });

  it('aborts the transaction that is open first, and has the producer ask again', () => {
    const { coordinator, init, state, done } = setup();
    const { producerId, ...first } = init();
    coordinator.addPartitions({ ...first, producerId }, [orders]);
    assert.throws(() => init(), refuses('CONCURRENT_TRANSACTIONS'));
    assert.equal(state(), 'CompleteAbort');
    // At an epoch between the two producers: the log knows the first one for a zombie from here on.
    assert.deepEqual(done.at(-1), ['marker', 'orders-0', producerId, 1, 'ABORT', 5]);
    assert.equal(init().producerEpoch, 2);
    assert.throws(() => coordinator.end({ ...first, producerId }, true), refuses('PRODUCER_FENCED'));
  });

  it('aborts it for a zombie too, which is told the second time that it is one', () => {
    const { coordinator, init } = setup();
    const zombie = init();
    const current = init();
    coordinator.addPartitions(current, [orders]);
    assert.throws(() => init(zombie), refuses('CONCURRENT_TRANSACTIONS'));
    assert.throws(() => init(zombie), refuses('PRODUCER_FENCED'));
    assert.equal(init(current).producerEpoch, 2);
  });
});

describe('A transaction', () => {
  it('begins with what is added first, and holds each partition and group once', () => {
    const { coordinator, init, clock } = setup();
    const producer = init();
    assert.equal(coordinator.describe()[0]!.startedAtMs, -1);
    clock.advance(10);
    coordinator.addPartitions(producer, [orders, orders]);
    clock.advance(10);
    coordinator.addPartitions(producer, [payments, orders]);
    coordinator.addOffsets(producer, 'billing');
    coordinator.addOffsets(producer, 'billing');
    assert.deepEqual(coordinator.describe(), [
      {
        ...producer,
        state: 'Ongoing',
        timeoutMs: 60_000,
        startedAtMs: clock.now() - 10,
        partitions: [orders, payments],
        groups: ['billing'],
      },
    ]);
  });

  for (const [committed, type, state] of [
    [true, 'COMMIT', 'CompleteCommit'],
    [false, 'ABORT', 'CompleteAbort'],
  ] as const) {
    it(`ends with a ${type} in every partition and group, at once`, () => {
      const { coordinator, init, done } = setup();
      const producer = init();
      const { producerId } = producer;
      coordinator.addPartitions(producer, [orders, payments]);
      coordinator.addOffsets(producer, 'billing');
      coordinator.end(producer, committed);
      assert.deepEqual(done, [
        ['groups', producerId, ['billing'], committed],
        ['marker', 'orders-0', producerId, 0, type, 5],
        ['marker', 'payments-3', producerId, 0, type, 5],
      ]);
      const [description] = coordinator.describe();
      assert.deepEqual(description, { ...description, state, startedAtMs: -1, partitions: [], groups: [] });
    });

    it(`that ended with ${type} may be ended so again, to no effect, and not otherwise`, () => {
      const { coordinator, init, done } = setup();
      const producer = init();
      coordinator.addPartitions(producer, [orders]);
      coordinator.end(producer, committed);
      const marks = done.length;
      coordinator.end(producer, committed);
      assert.throws(() => coordinator.end(producer, !committed), refuses('INVALID_TXN_STATE'));
      assert.equal(done.length, marks);
    });
  }

  it('that has not begun cannot end', () => {
    const { coordinator, init } = setup();
    const producer = init();
    for (const committed of [true, false]) {
      assert.throws(() => coordinator.end(producer, committed), refuses('INVALID_TXN_STATE'));
    }
  });

  it('begins even if nothing is added, and holds nothing of the one before', () => {
    const { coordinator, init, state, done } = setup();
    const producer = init();
    coordinator.addPartitions(producer, [orders]);
    coordinator.end(producer, true);
    done.length = 0;
    coordinator.addPartitions(producer, []);
    assert.equal(state(), 'Ongoing');
    coordinator.end(producer, false);
    assert.deepEqual(done, [['groups', producer.producerId, [], false]]);
  });

  it('ends in all other logs if one refuses the marker', () => {
    const { coordinator, init, done, refusing } = setup();
    const producer = init();
    coordinator.addPartitions(producer, [orders, payments]);
    refusing.add('orders');
    coordinator.end(producer, true);
    assert.deepEqual(
      done.map((one) => one[1]),
      [producer.producerId, 'payments-3'],
    );
  });

  it('ends where it can when a topic was deleted', () => {
    const { coordinator, init, done, deleted } = setup();
    const producer = init();
    coordinator.addPartitions(producer, [orders, payments]);
    deleted.add('orders');
    coordinator.end(producer, true);
    assert.deepEqual(
      done.map((one) => one[1]),
      [producer.producerId, 'payments-3'],
    );
  });
});

describe('A request for a transaction', () => {
  type Bench = ReturnType<typeof setup>;
  type Request = (bench: Bench, producer: ReturnType<Bench['init']>) => void;
  const requests: Record<string, Request> = {
    AddPartitions: ({ coordinator }, producer) => coordinator.addPartitions(producer, [orders]),
    AddOffsets: ({ coordinator }, producer) => coordinator.addOffsets(producer, 'billing'),
    EndTxn: ({ coordinator }, producer) => coordinator.end(producer, true),
    verify: ({ coordinator }, producer) => coordinator.verify(producer, orders, { abortable: true }),
  };
  for (const [name, request] of Object.entries(requests)) {
    const zombie = name === 'verify' ? 'INVALID_PRODUCER_EPOCH' : 'PRODUCER_FENCED';

    it(`${name} is refused to who is not its producer`, () => {
      const bench = setup();
      const producer = bench.init();
      bench.coordinator.addPartitions(producer, [orders]);
      const { producerId, producerEpoch } = producer;
      const asks = (other: object) => () => request(bench, { ...producer, ...other });
      assert.throws(asks({ transactionalId: '' }), refuses('INVALID_REQUEST'));
      assert.throws(asks({ transactionalId: 'unknown' }), refuses('INVALID_PRODUCER_ID_MAPPING'));
      assert.throws(asks({ producerId: producerId + 1 }), refuses('INVALID_PRODUCER_ID_MAPPING'));
      assert.throws(asks({ producerEpoch: producerEpoch - 1 }), refuses(zombie));
      assert.throws(asks({ producerEpoch: producerEpoch + 1 }), refuses(zombie));
      asks({})();
    });
  }
});

describe('What a producer writes', () => {
  it('must have been added to the transaction, this one', () => {
    const { coordinator, init } = setup();
    const producer = init();
    const verify = (abortable: boolean, target: Parameters<typeof coordinator.verify>[1] = orders) =>
      coordinator.verify(producer, target, { abortable });
    assert.throws(() => verify(false), refuses('INVALID_TXN_STATE'));
    assert.throws(() => verify(true), refuses('TRANSACTION_ABORTABLE'));
    coordinator.addPartitions(producer, [orders]);
    verify(false);
    assert.throws(() => verify(false, payments), refuses('INVALID_TXN_STATE'));
    assert.throws(() => verify(false, { groupId: 'billing' }), refuses('INVALID_TXN_STATE'));
    coordinator.addOffsets(producer, 'billing');
    verify(false, { groupId: 'billing' });
    coordinator.end(producer, true);
    assert.throws(() => verify(false), refuses('INVALID_TXN_STATE'));
    assert.throws(() => verify(true, { groupId: 'billing' }), refuses('TRANSACTION_ABORTABLE'));
  });
});

describe('The time-out of a transaction', () => {
  it('counts from its beginning, aborts it, and fences its producer', () => {
    const { coordinator, init, state, done, clock } = setup();
    const producer = init();
    clock.advance(59_000);
    coordinator.addPartitions(producer, [orders]);
    clock.advance(59_999);
    coordinator.addOffsets(producer, 'billing');
    assert.equal(state(), 'Ongoing');
    clock.advance(1);
    assert.equal(state(), 'CompleteAbort');
    assert.deepEqual(done, [
      ['groups', producer.producerId, ['billing'], false],
      ['marker', 'orders-0', producer.producerId, 1, 'ABORT', 5],
    ]);
    assert.throws(() => coordinator.addPartitions(producer, [orders]), refuses('PRODUCER_FENCED'));
    assert.throws(() => coordinator.end(producer, true), refuses('PRODUCER_FENCED'));
  });

  it('lets the producer go on once it has asked for its epoch', () => {
    const { coordinator, init, clock } = setup();
    const producer = init();
    coordinator.addPartitions(producer, [orders]);
    clock.advance(60_000);
    const again = init(producer);
    assert.equal(again.producerEpoch, producer.producerEpoch + 1);
    coordinator.addPartitions(again, [orders]);
    coordinator.end(again, true);
  });

  it('is the one that was asked for last, and each transaction’s own', () => {
    const { coordinator, init, state, clock } = setup();
    init(undefined, 1_000);
    const producer = init(undefined, 5_000);
    for (let i = 0; i < 3; i++) {
      coordinator.addPartitions(producer, [orders]);
      clock.advance(4_000);
      coordinator.end(producer, true);
    }
    coordinator.addPartitions(producer, [orders]);
    clock.advance(5_000);
    assert.equal(state(), 'CompleteAbort');
  });
});

describe('A transactional id', () => {
  it('is forgotten when it was not used for long', () => {
    const { coordinator, init, clock } = setup();
    const producer = init();
    clock.advance(167 * HOUR_MS);
    coordinator.addPartitions(producer, [orders]);
    coordinator.end(producer, true);
    clock.advance(168 * HOUR_MS - 1);
    assert.equal(coordinator.describe().length, 1);
    clock.advance(1);
    assert.deepEqual([coordinator.describe(), clock.pendingTimers], [[], 0]);
    assert.throws(() => coordinator.addPartitions(producer, [orders]), refuses('INVALID_PRODUCER_ID_MAPPING'));
    const again = init(producer);
    assert.equal(again.producerEpoch, 0);
    assert.notEqual(again.producerId, producer.producerId);
  });

  it('is forgotten with all others when the cluster closes, with no timer left and nothing written', () => {
    const { coordinator, init, clock, done } = setup();
    const producer = init();
    coordinator.addPartitions(producer, [orders]);
    coordinator.initProducerId('other', 1_000);
    coordinator.close();
    assert.deepEqual([coordinator.describe(), clock.pendingTimers, done], [[], 0, []]);
  });
});
