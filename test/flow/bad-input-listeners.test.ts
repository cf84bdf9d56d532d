import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  DefaultErrorHandler,
  FixedBackOff,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  type ConsumerRecord,
  type RecordContainerProperties,
  type ListenerContext,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { call, noUnhandledRejections, refused } from '../support/mistakes.js';
import { until } from '../support/until.js';

const PARTITIONS = 3;
const PER_PARTITION = 5;
/** The record with which every listener here has its trouble: in the middle of a partition. */
const BAD = '1/2';

type Listener = (record: ConsumerRecord, context: ListenerContext, container: MessageListenerContainer) => unknown;

/** A listener of a topic with records in every partition; keeps what came, and in a second container what comes then. */
class Listening {
  readonly topic = uniqueName('listeners');
  readonly group = uniqueName('group');
  readonly seen = new Recorder<string>();

  static async begin(): Promise<Listening> {
    const listening = new Listening();
    await using admin = new KafkaAdmin(kafka());
    await admin.createTopics([{ topic: listening.topic, partitions: PARTITIONS }]);
    await using factory = new DefaultKafkaProducerFactory(kafka());
    const template = new KafkaTemplate(factory);
    const numbers = [...Array(PARTITIONS * PER_PARTITION).keys()];
    await Promise.all(
      numbers.map((i) => template.send(listening.topic, 'v', { key: `${i}`, partition: i % PARTITIONS })),
    );
    return listening;
  }

  container(listener: Listener, properties: Partial<RecordContainerProperties> = {}): MessageListenerContainer {
    const container: MessageListenerContainer = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId: this.group, autoOffsetReset: 'earliest' }),
      {
        topics: [this.topic],
        ...(properties.taskExecutor === undefined && { concurrency: 10 }),
        shutdownTimeoutMs: 200,
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 2 }) }),
        listener: (record, context) => {
          this.seen.record(`${record.partition}/${record.offset}`);
          return listener(record, context, container);
        },
        ...properties,
      },
      { logger: silentLogger },
    );
    return container;
  }

  /**
   * What a new container of the group is given: what the ones before did not finish.
   * @param count how many that are, if it is all of them that matter
   */
  async left(count = 1): Promise<string[]> {
    const rest = new Listening();
    const next = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId: this.group, autoOffsetReset: 'none' }),
      { topics: [this.topic], listener: ({ partition, offset }) => rest.seen.record(`${partition}/${offset}`) },
    );
    await next.start();
    await rest.seen.first((at) => at === `1/${PER_PARTITION - 1}`);
    await rest.seen.received(count);
    await next.stop();
    return [...rest.seen.items].sort();
  }
}

const kafka = () => ({ brokers: bootstrapServers(), clientId: 'bad-input' });
const isBad = ({ partition, offset }: ConsumerRecord): boolean => `${partition}/${offset}` === BAD;
const addsUp = (container: MessageListenerContainer): boolean => {
  const { polled, processed, abandoned, outstanding } = container.metrics();
  return polled === processed + abandoned + outstanding;
};

describeWithKafka('bad input: listeners', function () {
  noUnhandledRejections();

  const failures: [how: string, listener: Listener, cause: unknown][] = [
    ['throws', (record) => isBad(record) && assert.fail('no'), /no/],
    ['rejects', (record) => isBad(record) && Promise.reject(new Error('no')), /no/],
    ['throws undefined', (record) => isBad(record) && throwing(undefined), undefined],
    ['rejects with text', (record) => isBad(record) && rejecting('no'), 'no'],
    ['returns a broken thenable', (record) => isBad(record) && { then: () => assert.fail('no') }, /no/],
    ['is mistaken', (record) => isBad(record) && call({}, 'nope'), /is not a function|nope|apply/i],
  ];
  for (const [how, listener, cause] of failures) {
    it(`one that ${how} for ever stops its container loudly, and the record comes again`, async () => {
      const listening = await Listening.begin();
      const other = listening.container(() => 1, { groupId: uniqueName('other') });
      const container = listening.container(listener);
      await Promise.all([container.start(), other.start()]);
      const error = await refused(
        () => container.finished,
        'LISTENER_FAILED',
        new RegExp(`${listening.topic}-1 offset 2`),
      );
      if (cause instanceof RegExp) assert.match((error.cause as Error).message, cause);
      else assert.equal(error.cause, cause);
      assert.equal(container.state, 'failed');
      assert.equal(container.health().status, 'down');
      assert.ok(addsUp(container));
      await until('the other container has all', () => other.metrics().processed === PARTITIONS * PER_PARTITION);
      assert.equal(other.state, 'running');
      await other.stop();
      assert.ok((await listening.left()).includes(BAD));
    });
  }

  it('one that fails at first is tried again, in order, while other partitions go on', async () => {
    const listening = await Listening.begin();
    const container = listening.container((record, { attempt }) => isBad(record) && attempt < 3 && assert.fail('no'));
    await container.start();
    await listening.seen.received(PARTITIONS * PER_PARTITION + 2);
    assert.deepEqual(await container.stop().then(({ abandoned }) => abandoned), 0);
    const ofBad = listening.seen.items.filter((at) => at.startsWith('1/'));
    assert.deepEqual(ofBad, ['1/0', '1/1', '1/2', '1/2', '1/2', '1/3', '1/4']);
    await container.finished;
  });

  for (const [ordering, held] of [
    ['partition', 3],
    ['key', 1],
    ['none', 1],
  ] as const) {
    it(`one that never settles (${ordering}) holds up its lane alone, is abandoned at stop and comes again`, async () => {
      const listening = await Listening.begin();
      const container = listening.container((record) => isBad(record) && new Promise(() => undefined), { ordering });
      await container.start();
      const others = PARTITIONS * PER_PARTITION - held;
      await until('everything else is processed', () => container.metrics().processed === others);
      const report = await container.stop();
      assert.deepEqual([report.drained, report.abandoned], [false, held]);
      assert.equal(report.committed.find(({ partition }) => partition === 1)?.offset, 2);
      assert.ok(addsUp(container));
      await container.finished;
      assert.deepEqual(await listening.left(3), ['1/2', '1/3', '1/4']);
    });
  }

  it('one that throws after the stop changes nothing', async () => {
    const listening = await Listening.begin();
    let fail: (error: Error) => void = () => undefined;
    const container = listening.container((record) => isBad(record) && new Promise((_, reject) => (fail = reject)), {
      ordering: 'key',
    });
    const late = new Recorder<unknown>();
    container.on('listener:late', ({ error }) => late.record(error));
    await container.start();
    await until('everything else is processed', () => container.metrics().processed === 14);
    const { abandoned } = await container.stop();
    const error = new Error('too late');
    fail(error);
    assert.deepEqual(await late.received(1), [error]);
    assert.deepEqual([abandoned, container.metrics().lateResults, container.state], [1, 1, 'stopped']);
    await container.finished;
    assert.ok((await listening.left()).includes(BAD));
  });

  const stops: [how: string, listener: Listener][] = [
    ['and goes on', (record, { container }) => isBad(record) && void container.stop()],
    ['and waits for it', async (record, { container }) => isBad(record) && (await container.stop())],
    ['by the container it was made with', async (record, _, container) => isBad(record) && (await container.stop())],
    ['and throws', (record, { container }) => isBad(record) && [container.stop(), assert.fail('no')]],
    [
      'and waits for it later',
      async (record, _, container) => {
        await Promise.resolve();
        if (isBad(record)) await container.stop();
      },
    ],
  ];
  for (const [how, listener] of stops) {
    it(`one that stops its container ${how} does not wait for itself for ever`, async () => {
      const listening = await Listening.begin();
      const container = listening.container(listener);
      await container.start();
      await container.finished;
      assert.equal(container.state, 'stopped');
      assert.ok(addsUp(container));
      await listening.left();
    });
  }

  it('a back-off that is broken gives the record up with both errors; observers that throw change nothing', async () => {
    const listening = await Listening.begin();
    const fails: Listener = (record) => isBad(record) && assert.fail('no');
    const container = listening.container(fails, {
      errorHandler: new DefaultErrorHandler({ backOff: { delayMs: () => NaN } }),
    });
    container.on('container:started', () => assert.fail('observer'));
    container.on('container:stopped', () => Promise.reject(new Error('observer')));
    await container.start();
    const { cause } = await refused(() => container.finished, 'LISTENER_FAILED', /offset 2/);
    assert.ok(cause instanceof AggregateError);
    const messages = cause.errors.map(({ message }: Error) => message);
    assert.equal(messages[0], 'no');
    assert.match(messages[1] ?? '', /delayMs must be milliseconds .* got NaN/);
    assert.ok((await listening.left()).includes(BAD));
  });

  it('an executor that throws fails the record that it was given for', async () => {
    const listening = await Listening.begin();
    const taskExecutor = {
      concurrency: 1,
      available: 1,
      execute: (): never => assert.fail('executor'),
      onAvailable: () => () => undefined,
      drain: () => Promise.resolve(),
      cancel: () => undefined,
    };
    const container = listening.container(() => 1, { taskExecutor });
    await container.start();
    const { cause } = await refused(() => container.finished, 'LISTENER_FAILED', /offset 0/);
    assert.equal((cause as Error).message, 'executor');
    const all = PARTITIONS * PER_PARTITION;
    assert.equal((await listening.left(all)).length, all);
  });
});

const throwing = (error: unknown): never => {
  throw error;
};

// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a listener may do
const rejecting = (error: unknown): Promise<never> => Promise.reject(error);
