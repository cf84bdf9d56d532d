import assert from 'node:assert/strict';
import { json } from '@hearken/core';
import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  FixedBackOff,
  MessageListenerContainer,
  type RecordContainerProperties,
} from '@hearken/listener';
import { KafkaTemplate } from '@hearken/template';
import { FakeConsumerFactory, FakeLog, FakeProducerFactory, ManualClock, RecordingLogger } from '@hearken/testing';
import { trace } from '@opentelemetry/api';
import { tracingBatchMiddleware, tracingMiddleware, tracingProducerFactory } from '../dist/index.js';
import { disableTracing, idOf, parentOf, setup as setupSpans, SPAN_ID, TRACE_ID, TRACED } from './setup.js';

interface Order {
  readonly total: number;
}
const orders = { topic: 'orders', partition: 0 };

function setup() {
  const log = new FakeLog();
  const clock = new ManualClock();
  const template = new KafkaTemplate(tracingProducerFactory(new FakeProducerFactory({ log })), {
    valueSerde: json<Order>(),
  });
  const factory = new FakeConsumerFactory({ groupId: 'billing', clock, log, assignOnSubscribe: [orders] });
  const errorHandler = new DefaultErrorHandler({
    recoverer: new DeadLetterPublishingRecoverer(template),
    backOff: new FixedBackOff({ intervalMs: 0, maxRetries: 1 }),
  });
  const listen = (properties: Pick<RecordContainerProperties<Buffer | null, Order>, 'listener' | 'middleware'>) =>
    new MessageListenerContainer(
      factory,
      { topics: ['orders'], valueSerde: json<Order>(), errorHandler, ...properties },
      { clock, logger: new RecordingLogger() },
    );
  return { ...setupSpans(), log, clock, template, factory, errorHandler, listen };
}

const traceparentOf = (log: FakeLog, topic: string): string | undefined =>
  log.records(topic, 0)[0]?.headers.string('traceparent');

describe('a trace', () => {
  afterEach(disableTracing);

  it('goes from a request through a record, its listener and what that sends, to its dead letter', async () => {
    const { template, listen, named, log, clock } = setup();
    const container = listen({
      middleware: [tracingMiddleware()],
      listener: async ({ value }) => {
        await template.send('audit', value);
        throw new Error('the bank does not answer');
      },
    });
    const retried = new Promise((resolve) => container.on('record:retried', resolve));
    const recovered = new Promise((resolve) => container.on('record:recovered', resolve));
    await container.start();
    await trace.getTracer('test').startActiveSpan('request', async (span) => {
      await template.send('orders', { total: 12 });
      span.end();
    });
    await retried;
    clock.advance(1);
    await recovered;
    await container.stop();

    const [request, sent] = [...named('request'), ...named('send orders')];
    const [first, second, ...attempts] = named('process orders');
    assert.ok(request && sent && first && second && attempts.length === 0);
    assert.equal(parentOf(sent), idOf(request));
    assert.deepEqual([first, second].map(parentOf), [idOf(sent), idOf(sent)]);
    assert.deepEqual(
      [first, second].map(({ attributes }) => [
        attributes['hearken.attempt'],
        attributes['messaging.consumer.group.name'],
      ]),
      [
        [1, 'billing'],
        [2, 'billing'],
      ],
    );
    assert.deepEqual(named('send audit').map(parentOf), [first, second].map(idOf));
    const [dead, ...others] = named('send orders-dlt');
    assert.ok(dead && others.length === 0);
    assert.equal(parentOf(dead), idOf(second));
    assert.equal(traceparentOf(log, 'orders-dlt'), `00-${idOf(dead).replace('/', '-')}-01`);
  });

  it('goes on to the dead letter of a record that cannot be decoded', async () => {
    const { listen, named, log } = setup();
    const container = listen({ middleware: [tracingMiddleware()], listener: () => undefined });
    const recovered = new Promise((resolve) => container.on('record:recovered', resolve));
    await container.start();
    log.append('orders', 0, { value: '{', headers: TRACED });
    await recovered;
    await container.stop();
    assert.deepEqual(named('process orders'), []);
    assert.deepEqual(named('send orders-dlt').map(parentOf), [`${TRACE_ID}/${SPAN_ID}`]);
  });

  it('is linked to the batch that its record is in, whose dead letters are children of the batch', async () => {
    const { factory, errorHandler, named, template, clock } = setup();
    const container = new MessageListenerContainer(
      factory,
      {
        topics: ['orders'],
        valueSerde: json<Order>(),
        errorHandler,
        middleware: [tracingBatchMiddleware()],
        batchListener: (records, { attempt }) => ({
          failed:
            attempt === 2
              ? [{ index: 0, error: new Error('no') }]
              : records.map((_, index) => ({ index, error: new Error('no') })),
        }),
      },
      { clock, logger: new RecordingLogger() },
    );
    await template.send('orders', { total: 12 });
    const retried = new Promise((resolve) => container.on('record:retried', resolve));
    const recovered = new Promise((resolve) => container.on('record:recovered', resolve));
    await container.start();
    await retried;
    clock.advance(1);
    await recovered;
    await container.stop();
    const [sent] = named('send orders');
    const batches = named('process orders');
    assert.equal(batches.length, 2);
    for (const { links } of batches)
      assert.deepEqual(
        links.map(({ context }) => `${context.traceId}/${context.spanId}`),
        [sent && idOf(sent)],
      );
    assert.deepEqual(named('send orders-dlt').map(parentOf), batches.slice(1).map(idOf));
  });
});
