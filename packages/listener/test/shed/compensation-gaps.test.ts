import assert from 'node:assert/strict';
import { ConsumerRecords, IllegalStateError, type Consumer, type PositionReset } from '@hearken/core';
import type { ListenerContext } from '../../dist/index.js';
import { tp, until } from '../setup.js';
import { compensating, logOf, passing, range, record, recorded, SHED_TOPIC, type Compensating } from './shed-setup.js';

/** Lets the test have its way with the consumers that read `topic`. */
function meddle({ factory }: Compensating, topic: string, how: (consumer: Consumer) => void): void {
  const create = factory.createConsumer.bind(factory);
  factory.createConsumer = (overrides) => {
    const consumer = create(overrides);
    const [assign, subscribe] = [consumer.assign.bind(consumer), consumer.subscribe.bind(consumer)];
    consumer.assign = (partitions) => {
      if (partitions[0]?.topic === topic) how(consumer);
      return assign(partitions);
    };
    consumer.subscribe = (topics, listener) => {
      if (Array.isArray(topics) && topics.includes(topic)) how(consumer);
      return subscribe(topics, listener);
    };
    return consumer;
  };
}

/** Whoever is to read on at `at.from` is reset, as a consumer is whose log holds that no more. */
const resetting =
  (at: PositionReset, topic = 't') =>
  (consumer: Consumer): void => {
    const poll = consumer.poll.bind(consumer);
    let isDone = false;
    consumer.poll = async (timeoutMs, maxRecords) => {
      const isThere = consumer.assignment().length > 0 && consumer.position(tp(0, topic)) === at.from;
      if (isDone || !isThere) return poll(timeoutMs, maxRecords);
      isDone = true;
      consumer.seek(tp(0, topic), at.to);
      const { partitions } = await poll(0, maxRecords);
      const [batch = { ...tp(0, topic), records: [], nextOffset: at.to }] = partitions;
      return new ConsumerRecords([{ ...batch, reset: at }]);
    };
  };

describe('CompensationListenerContainer: what is not there any more', () => {
  it('processes what it polled before retention deleted what comes next', async () => {
    const log = logOf(10);
    record(log, range(0, 8));
    const bundle = compensating({}, { log, maxPollRecords: 2 });
    meddle(bundle, 't', resetting({ reason: 'out-of-range', from: 2, to: 6 }));
    const { container, listener, clock, events, logger } = bundle;
    const ended = events('range:compensated');
    await container.start();
    await listener.call('0/6'); // the reset came, and the first two run
    for (const at of ['0/0', '0/1', '0/6', '0/7']) (await listener.call(at)).end();
    await passing(clock, () => ended.count === 1);
    assert.deepEqual(ended.items, [{ range: range(0, 8), missing: 4 }]);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/6', '0/7']);
    assert.deepEqual(container.metrics(), { compensated: 1, processed: 4, missing: 4, ranges: 0, offsets: 0 });
    assert.equal(logger.at('error').length, 1);
    await container.stop();
  });

  it('tells what was missing all along, whoever met it', async () => {
    const log = logOf(10);
    record(log, range(0, 8));
    const reset = { reason: 'out-of-range', from: 0, to: 4 } as const;
    const first = compensating({}, { log });
    meddle(first, 't', resetting(reset));
    await first.container.start();
    (await first.listener.call('0/4')).end();
    await passing(first.clock, () => first.container.metrics().missing === 4);
    assert.deepEqual([...recorded(log).values()], [{ ...range(0, 8), done: 5, missing: 4 }]);
    const second = compensating({ listener: () => undefined }, { log }); // the first was killed, for all that anybody knows
    const ended = second.events('range:compensated');
    await second.container.start();
    await passing(second.clock, () => ended.count === 1);
    assert.deepEqual(ended.items, [{ range: range(0, 8), missing: 4 }]);
    assert.equal(second.container.metrics().missing, 0, 'counted by who met it');
    const stopping = first.container.stop({ immediate: true });
    await passing(first.clock, () => first.container.state === 'stopped');
    await stopping;
    await second.container.stop();
  });

  it('goes back into a range that was read to its end, as its listener says, at once', async () => {
    const log = logOf(6);
    record(log, range(0, 4));
    const order: number[] = [];
    const listener = ({ offset }: { offset: number }, context: ListenerContext): void => {
      if (offset === 3 && !order.includes(3)) void context.seek(1);
      order.push(offset);
    };
    const { container, clock } = compensating({ listener, ordering: 'partition', concurrency: 1 }, { log });
    await container.start();
    await passing(clock, () => container.metrics().compensated === 1);
    assert.deepEqual(order, [0, 1, 2, 3, 1, 2, 3]);
    assert.ok(clock.monotonic() < 30_000, 'it need not be found to be stalled');
    await container.stop();
  });

  it('gives up a range of a topic that was made anew, when its id is told', async () => {
    const log = logOf(8);
    record(log, { ...range(0, 6), topicId: 'old' });
    const told: { id?: string } = {};
    const bundle = compensating({ concurrency: 1, bufferRecords: 1 }, { log, maxPollRecords: 1 });
    meddle(bundle, 't', (consumer) => Object.assign(consumer, { topicId: () => told.id }));
    const { container, listener, clock, events } = bundle;
    const ended = events('range:compensated');
    await container.start();
    (await listener.call('0/0')).end();
    await listener.call('0/1');
    told.id = 'new';
    await passing(clock, () => {
      listener.calls.last?.end();
      return ended.count === 1;
    });
    const missing = ended.last?.missing ?? 0;
    assert.ok(missing > 0, 'those that had not been polled');
    assert.equal(listener.calls.count + missing, 6);
    await container.stop();
  });

  it('postpones a range for which no position is found', async () => {
    const log = logOf(0);
    record(log, range(0, 4));
    const bundle = compensating({ noProgressTimeoutMs: 60_000 }, { log });
    meddle(bundle, 't', (consumer) => void (consumer.lag = () => [])); // as while its leader is asked where the log begins
    const { container, clock, events } = bundle;
    const postponed = events('range:postponed');
    await container.start();
    await until(() => {
      clock.advance(1_000);
      return postponed.count === 1;
    });
    await container.stop();
  });

  it('writes under the key that it read, also of a topic that was made anew and whose ranges are alike', async () => {
    const log = logOf(4);
    for (const topicId of ['old', 'new'])
      log.append(SHED_TOPIC, 0, { key: `any ${topicId}`, value: JSON.stringify({ ...range(0, 4), topicId }) });
    const bundle = compensating({ listener: () => undefined }, { log });
    meddle(bundle, 't', (consumer) => Object.assign(consumer, { topicId: () => 'new' }));
    const { container, clock, events } = bundle;
    const ended = events('range:compensated');
    await container.start();
    await passing(clock, () => ended.count === 2);
    assert.deepEqual(
      ended.items.map(({ missing }) => missing),
      [4, 0],
    );
    assert.equal(recorded(log).size, 0);
    await container.stop();
  });

  it('begins although the shed topic was cut off behind what was its end', async () => {
    const log = logOf(4);
    record(log, range(0, 2));
    record(log, range(2, 4));
    const bundle = compensating({ listener: () => undefined }, { log, maxPollRecords: 1 });
    meddle(bundle, SHED_TOPIC, (consumer) => {
      resetting({ reason: 'log-truncated', from: 1, to: 0 }, SHED_TOPIC)(consumer);
      consumer.endOffsets = () => Promise.resolve([{ ...tp(0, SHED_TOPIC), offset: 7 }]);
    });
    const { container, clock } = bundle;
    await container.start();
    await passing(clock, () => container.metrics().compensated === 2);
    await container.stop();
  });

  it('begins when it is found where the shed topic begins, and has read all of that first', async () => {
    const log = logOf(4);
    for (const at of [range(0, 2), range(2, 4)]) record(log, at);
    log.append(SHED_TOPIC, 0, { key: 't/0/0/2', value: null }); // it was replayed
    const bundle = compensating({ listener: () => undefined }, { log, maxPollRecords: 1 });
    meddle(bundle, SHED_TOPIC, (consumer) => {
      const [position, endOffsets] = [consumer.position.bind(consumer), consumer.endOffsets.bind(consumer)];
      let isLed = false;
      const notLed = (): never => {
        throw new IllegalStateError('it has no position yet', 'NO_POSITION');
      };
      consumer.position = (at) => (isLed ? position(at) : notLed());
      consumer.endOffsets = (at) => (isLed ? endOffsets(at) : Promise.reject(new Error('nobody leads it')));
      consumer.seekToBeginning = (at) => {
        isLed = true; // a moment later
        return at.length === 0 ? Promise.resolve() : Promise.reject(new Error('nobody leads it'));
      };
    });
    const { container, clock, events } = bundle;
    const ended = events('range:compensated');
    await container.start();
    await passing(clock, () => container.metrics().ranges === 0 && ended.count > 0);
    assert.deepEqual(ended.items, [{ range: range(2, 4), missing: 0 }]);
    await container.stop();
  });

  it('follows the shed topic while its consumer looks for a position', async () => {
    const log = logOf(4);
    for (const at of [range(0, 2), range(2, 4)]) record(log, at);
    const bundle = compensating({ listener: () => undefined }, { log, maxPollRecords: 1 });
    meddle(bundle, SHED_TOPIC, (consumer) => {
      const poll = consumer.poll.bind(consumer);
      consumer.poll = async (timeoutMs, maxRecords) => {
        const records = await poll(timeoutMs, maxRecords);
        if (!records.isEmpty)
          consumer.position = (): never => {
            throw new IllegalStateError('it has no position yet', 'NO_POSITION');
          };
        return records;
      };
    });
    const { container, clock } = bundle;
    await container.start();
    await passing(clock, () => container.metrics().compensated === 2);
    assert.equal(container.state, 'running');
    await container.stop();
  });
});
