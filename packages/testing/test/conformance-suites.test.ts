import assert from 'node:assert/strict';
import {
  ConsumerRecords,
  type Clock,
  type ConsumerRebalanceListener,
  type ProducerRecord,
  type RecordMetadata,
  type TopicPartition,
  type TopicPartitionOffsets,
} from '@hearken/core';
import {
  eventLoopTurn,
  exerciseConsumer,
  exerciseProducer,
  FakeConsumer,
  FakeLog,
  FakeProducer,
  type TestRunner,
} from '@hearken/testing';
import { globalRunner } from '../dist/conformance/test-runner.js';

/** Short timers run on the next turn, long ones never: a test that hangs leaves nothing behind. */
const impatient: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs) {
    const soon = delayMs < 1_000 ? setImmediate(callback) : undefined;
    return { clear: () => clearImmediate(soon) };
  },
};

/** What of a suite fails; a test that is not over after so many turns counts as hanging. */
async function failuresOf(exercise: (runner: TestRunner) => void): Promise<string[]> {
  const tests: { readonly name: string; readonly body: () => void | Promise<void> }[] = [];
  exercise({
    describe: (_name, body) => body(),
    it: (name, body) => tests.push({ name, body }),
  });
  const failures: string[] = [];
  for (const { name, body } of tests) {
    const failed = Promise.resolve().then(body).then(
      () => false,
      () => true,
    ); // prettier-ignore
    if (await Promise.race([failed, hangs()])) failures.push(name);
  }
  return failures;
}

async function hangs(): Promise<true> {
  for (let turn = 0; turn < 50; turn++) await eventLoopTurn();
  return true;
}

const consumerFailures = (Consumer: typeof FakeConsumer): Promise<string[]> => {
  const log = new FakeLog();
  const counts = new Map<string, number>();
  let names = 0;
  const assignOnSubscribe = (topics: readonly string[] | RegExp): TopicPartition[] =>
    [...counts]
      .filter(([topic]) => (topics instanceof RegExp ? topics.test(topic) : topics.includes(topic)))
      .flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => ({ topic, partition })));
  const harness = {
    createConsumer: (groupId: string) => new Consumer({ groupId, log, clock: impatient, assignOnSubscribe }),
    createTopic: (partitions: number) => {
      counts.set(`topic-${++names}`, partitions);
      return Promise.resolve(`topic-${names}`);
    },
    produce: (...[topic, partition, records]: Parameters<Parameters<typeof exerciseConsumer>[0]['produce']>) =>
      Promise.resolve(log.append(topic, partition, ...records)),
    uniqueGroup: () => `group-${++names}`,
  };
  return failuresOf((runner) => exerciseConsumer(harness, runner));
};

const producerFailures = (Producer: typeof FakeProducer): Promise<string[]> => {
  const log = new FakeLog();
  let partitions = 0;
  let names = 0;
  const harness = {
    createProducer: () => new Producer({ log, clock: impatient, partitions: () => partitions }),
    createTopic: (count: number) => {
      partitions = count;
      return Promise.resolve(`topic-${++names}`);
    },
    read: (topic: string, partition: number) => Promise.resolve(log.records(topic, partition)),
  };
  return failuresOf((runner) => exerciseProducer(harness, runner));
};

const nothing = (): void => undefined;
const done = (): Promise<void> => Promise.resolve();

const CONSUMER_MUTANTS: Readonly<Record<string, typeof FakeConsumer>> = {
  'returns more than it was asked for': class extends FakeConsumer {
    override poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
      return super.poll(timeoutMs, maxRecords === 0 ? 0 : 500);
    }
  },
  'waits when asked for nothing': class extends FakeConsumer {
    override poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
      return super.poll(timeoutMs, maxRecords === 0 ? 500 : maxRecords);
    }
  },
  'delivers twice': class extends FakeConsumer {
    override async poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
      const { partitions } = await super.poll(timeoutMs, maxRecords);
      return new ConsumerRecords([...partitions, ...partitions]);
    }
  },
  'cannot be woken': class extends FakeConsumer {
    override wakeup = nothing;
  },
  'does not pause': class extends FakeConsumer {
    override pause = nothing;
  },
  'does not resume': class extends FakeConsumer {
    override resume = nothing;
  },
  'does not seek': class extends FakeConsumer {
    override seek = nothing;
  },
  'seeks to the wrong end': class extends FakeConsumer {
    override seekToEnd(partitions: readonly TopicPartition[]): Promise<void> {
      return this.seekToBeginning(partitions);
    }
  },
  'does not write its commits': class extends FakeConsumer {
    override commit = done;
  },
  'writes a commit after it resolved': class extends FakeConsumer {
    override commit(offsets: TopicPartitionOffsets): Promise<void> {
      setImmediate(() => void super.commit(offsets).catch(nothing));
      return done();
    }
  },
  'lets a commit overtake one before it': class extends FakeConsumer {
    #commits = 0;
    override async commit(offsets: TopicPartitionOffsets): Promise<void> {
      if (this.#commits++ === 0) await eventLoopTurn();
      return super.commit(offsets);
    }
  },
  'takes the highest offset for the newest': class extends FakeConsumer {
    readonly #highest = new Map<string, number>();
    override commit(offsets: TopicPartitionOffsets): Promise<void> {
      const rising = offsets.filter(({ topic, partition, offset }) => {
        const key = `${topic}-${partition}`;
        const isRising = offset > (this.#highest.get(key) ?? -1);
        if (isRising) this.#highest.set(key, offset);
        return isRising;
      });
      return super.commit(rising);
    }
  },
  'forgets commit metadata': class extends FakeConsumer {
    override commit(offsets: TopicPartitionOffsets): Promise<void> {
      return super.commit(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
    }
  },
  'tells of no assignment': class extends FakeConsumer {
    override subscribe(topics: readonly string[] | RegExp): Promise<void> {
      return super.subscribe(topics);
    }
  },
  'does not wait for its rebalance listener': class extends FakeConsumer {
    override subscribe(topics: readonly string[] | RegExp, listener?: ConsumerRebalanceListener): Promise<void> {
      return super.subscribe(topics, {
        onPartitionsAssigned: (partitions) => (void listener?.onPartitionsAssigned(partitions).catch(nothing), done()),
        onPartitionsRevoked: (partitions) => (void listener?.onPartitionsRevoked(partitions).catch(nothing), done()),
        onPartitionsLost: done,
      });
    }
  },
  'polls on after it was closed': class extends FakeConsumer {
    override poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
      return this.closed.fired ? Promise.resolve(ConsumerRecords.EMPTY) : super.poll(timeoutMs, maxRecords);
    }
  },
};

const PRODUCER_MUTANTS: Readonly<Record<string, typeof FakeProducer>> = {
  'loses headers': class extends FakeProducer {
    override send({ headers, ...record }: ProducerRecord): Promise<RecordMetadata> {
      return super.send(headers === undefined ? record : { ...record });
    }
  },
  'writes null as empty': class extends FakeProducer {
    override send(record: ProducerRecord): Promise<RecordMetadata> {
      return super.send({ ...record, value: record.value ?? Buffer.alloc(0) });
    }
  },
  'tells a wrong offset': class extends FakeProducer {
    override async send(record: ProducerRecord): Promise<RecordMetadata> {
      const metadata = await super.send(record);
      return { ...metadata, offset: metadata.offset + 1 };
    }
  },
  'changes the order': class extends FakeProducer {
    #sends = 0;
    override async send(record: ProducerRecord): Promise<RecordMetadata> {
      if (this.#sends++ % 3 === 0) await eventLoopTurn();
      return super.send(record);
    }
  },
  'takes any partition for another': class extends FakeProducer {
    override send({ partition = 0, ...record }: ProducerRecord): Promise<RecordMetadata> {
      return super.send({ ...record, partition: partition > 1 ? 0 : partition });
    }
  },
  'flushes nothing': class extends FakeProducer {
    override async send(record: ProducerRecord): Promise<RecordMetadata> {
      const sent = super.send(record);
      await eventLoopTurn();
      return sent;
    }
    override flush = done;
  },
  'takes records after it was closed': class extends FakeProducer {
    override close = done;
  },
};

describe('the conformance suites', () => {
  it('pass what keeps its promises', async () => {
    assert.deepEqual(await consumerFailures(FakeConsumer), []);
    assert.deepEqual(await producerFailures(FakeProducer), []);
  });

  for (const [what, Mutant] of Object.entries(CONSUMER_MUTANTS)) {
    it(`catch a consumer that ${what}`, async () => assert.notDeepEqual(await consumerFailures(Mutant), []));
  }

  for (const [what, Mutant] of Object.entries(PRODUCER_MUTANTS)) {
    it(`catch a producer that ${what}`, async () => assert.notDeepEqual(await producerFailures(Mutant), []));
  }

  it('find the functions of the test runner among the globals, or say that there are none', () => {
    const { describe: found } = globalThis;
    assert.equal(globalRunner().describe, found);
    Reflect.deleteProperty(globalThis, 'describe');
    try {
      assert.throws(() => globalRunner(), /no global describe and it/);
    } finally {
      globalThis.describe = found;
    }
  });
});
