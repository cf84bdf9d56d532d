import assert from 'node:assert/strict';
import { KafkaTemplate } from '@hearken/template';
import { exerciseProducer, FakeLog, FakeProducer, FakeProducerFactory } from '@hearken/testing';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { tracingProducerFactory } from '../dist/index.js';
import { disableTracing, idOf, parentOf, setup, SPAN_ID, TRACE_ID, TRACED } from './setup.js';

const traceparent = (value: string): RegExp => new RegExp(`^00-${value}-01$`);

describe('tracingProducerFactory', () => {
  afterEach(disableTracing);

  describe('keeps the promises of the SPI', () => {
    const spanProcessors = [new SimpleSpanProcessor(new InMemorySpanExporter())];
    const tracer = new BasicTracerProvider({ spanProcessors }).getTracer('test');
    const log = new FakeLog();
    let partitions = 0;
    let names = 0;
    exerciseProducer({
      createProducer: () => {
        const factory = {
          createProducer: () => new FakeProducer({ log, partitions: () => partitions }),
          close: () => Promise.resolve(),
        };
        return tracingProducerFactory(factory, { tracer }).createProducer();
      },
      createTopic: (count) => {
        partitions = count;
        return Promise.resolve(`topic-${names++}`);
      },
      read: (topic, partition) => Promise.resolve(log.records(topic, partition)),
    });
  });

  it('makes a span of a send, a child of the active one, and writes it into the headers', async () => {
    const { spans } = setup();
    const factory = new FakeProducerFactory();
    const template = new KafkaTemplate(tracingProducerFactory(factory));
    const outer = trace.getTracer('test').startActiveSpan('request', (span) => {
      const sent = template.send('orders', 'v', { key: 'customer-7', headers: { source: 'web' } });
      span.end();
      return sent;
    });
    await outer;
    const [request, send, ...others] = spans();
    assert.ok(request !== undefined && send !== undefined && others.length === 0);
    assert.deepEqual([send.name, send.kind, parentOf(send)], ['send orders', SpanKind.PRODUCER, idOf(request)]);
    assert.deepEqual(send.attributes, {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.kafka.message.key': 'customer-7',
    });
    const [written] = factory.log.records('orders', 0);
    assert.match(written?.headers.string('traceparent') ?? '', traceparent(idOf(send).replace('/', '-')));
    assert.equal(written?.headers.string('source'), 'web');
  });

  it('ends a span when its record is acknowledged, not before', async () => {
    const { spans } = setup();
    const factory = new FakeProducerFactory();
    const producer = tracingProducerFactory(factory).createProducer();
    factory.producer.hold();
    const sent = producer.send({ topic: 'orders', value: null });
    assert.equal(spans().length, 0);
    factory.producer.settle();
    await sent;
    assert.equal(spans()[0]?.attributes['messaging.kafka.message.tombstone'], true);
  });

  it('has the error of a send that failed', async () => {
    const { spans } = setup();
    const factory = new FakeProducerFactory();
    const producer = tracingProducerFactory(factory).createProducer();
    const error = new RangeError('too large');
    factory.producer.failSends(error);
    await assert.rejects(producer.send({ topic: 'orders', value: null }), error);
    const [span, ...others] = spans();
    assert.ok(span !== undefined && others.length === 0);
    assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: 'too large' });
    assert.equal(span.attributes['error.type'], 'RangeError');
  });

  it('goes on with the trace of a record that is handed on where no span is active, and leaves its headers alone', async () => {
    const { spans } = setup();
    const factory = new FakeProducerFactory();
    const headers = { ...TRACED, tracestate: 'vendor=1' };
    await tracingProducerFactory(factory).createProducer().send({ topic: 'orders', value: null, headers });
    const [span] = spans();
    assert.ok(span !== undefined);
    assert.equal(parentOf(span), `${TRACE_ID}/${SPAN_ID}`);
    assert.deepEqual(headers, { ...TRACED, tracestate: 'vendor=1' });
    const [written] = factory.log.records('orders', 0);
    assert.deepEqual(written?.headers.getAll('traceparent').map(String), [`00-${idOf(span).replace('/', '-')}-01`]);
  });

  it('leaves nothing of another trace in the headers', async () => {
    setup();
    const factory = new FakeProducerFactory();
    const producer = tracingProducerFactory(factory).createProducer();
    await trace.getTracer('test').startActiveSpan('another', async (span) => {
      await producer.send({ topic: 'orders', value: null, headers: { ...TRACED, tracestate: 'vendor=1' } });
      span.end();
    });
    const [written] = factory.log.records('orders', 0);
    assert.equal(written?.headers.has('tracestate'), false);
    assert.doesNotMatch(written.headers.string('traceparent') ?? '', new RegExp(TRACE_ID));
  });

  it('hands on that a trace is not sampled', async () => {
    const { spans } = setup({ sampler: new AlwaysOffSampler() });
    const factory = new FakeProducerFactory();
    await tracingProducerFactory(factory).createProducer().send({ topic: 'orders', value: null, headers: TRACED });
    const [written] = factory.log.records('orders', 0);
    assert.match(written?.headers.string('traceparent') ?? '', new RegExp(`^00-${TRACE_ID}-(?!${SPAN_ID}).*-00$`));
    assert.equal(spans().length, 0);
  });

  it('has the producer say what is wrong with a record', async () => {
    setup();
    const factory = new FakeProducerFactory();
    const producer = tracingProducerFactory(factory).createProducer();
    const headers = { size: 7 } as unknown as Record<string, string>;
    factory.producer.failSends(({ headers: given }) => (given === headers ? new Error('INVALID_RECORD') : undefined));
    await assert.rejects(producer.send({ topic: 'orders', value: null, headers }), /INVALID_RECORD/);
  });

  it('hands records on as they are where no SDK is registered', async () => {
    const factory = new FakeProducerFactory();
    const producer = tracingProducerFactory(factory).createProducer();
    const record = { topic: 'orders', value: null, headers: TRACED };
    await producer.send(record);
    assert.equal(factory.producer.sent.last, record);
  });

  it('says what is wrong with its arguments', () => {
    const wrong = {} as unknown as FakeProducerFactory;
    assert.throws(() => tracingProducerFactory(wrong, { includeKeys: 1 as unknown as boolean }), {
      code: 'INVALID_CONFIG',
      message: /factory: must have the methods createProducer and close[^]*includeKeys: must be true or false/,
    });
  });
});
