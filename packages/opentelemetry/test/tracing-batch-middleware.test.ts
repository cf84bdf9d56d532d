import assert from 'node:assert/strict';
import type { BatchListenerContext } from '@hearken/listener';
import { aRecord } from '@hearken/testing';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { tracingBatchMiddleware } from '../dist/index.js';
import { disableTracing, parentOf, setup, SPAN_ID, TRACE_ID, TRACED } from './setup.js';

const context = {
  topic: 'orders',
  partition: 3,
  attempt: 1,
  container: { groupId: 'billing' },
} as BatchListenerContext;
const OTHER = 'c'.repeat(32);
const records = [
  aRecord({ offset: 7, key: 'a', headers: TRACED }),
  aRecord({ offset: 8, key: 'b' }),
  aRecord({ offset: 9, key: 'c', headers: { traceparent: `00-${OTHER}-${SPAN_ID}-01` } }),
];

describe('tracingBatchMiddleware', () => {
  afterEach(disableTracing);

  it('makes one span, with a link to what sent each record that has a trace', async () => {
    const { spans } = setup();
    const active: unknown[] = [];
    await tracingBatchMiddleware()(records, context, async () => {
      await Promise.resolve();
      active.push(trace.getActiveSpan()?.spanContext().spanId, spans().length);
    });
    const [span, ...others] = spans();
    assert.ok(span !== undefined && others.length === 0);
    assert.deepEqual(active, [span.spanContext().spanId, 0]);
    assert.deepEqual([span.name, span.kind, parentOf(span)], ['process orders', SpanKind.CONSUMER, undefined]);
    assert.deepEqual(span.attributes, {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '3',
      'messaging.consumer.group.name': 'billing',
      'messaging.batch.message_count': 3,
      'hearken.attempt': 1,
    });
    const links = span.links.map(({ context: sent, attributes }) => [sent.traceId, sent.spanId, attributes]);
    assert.deepEqual(links, [
      [TRACE_ID, SPAN_ID, { 'messaging.kafka.offset': 7, 'messaging.kafka.message.key': 'a' }],
      [OTHER, SPAN_ID, { 'messaging.kafka.offset': 9, 'messaging.kafka.message.key': 'c' }],
    ]);
  });

  it('begins a trace, whatever is active', () => {
    const { spans } = setup();
    trace.getTracer('test').startActiveSpan('who made the container', (span) => {
      tracingBatchMiddleware()(records, context, () => undefined);
      span.end();
    });
    assert.deepEqual(spans().map(parentOf), [undefined, undefined]);
  });

  it('has what the listener threw', async () => {
    const { spans } = setup();
    const error = new Error('down');
    const ended = tracingBatchMiddleware()(records, context, () => Promise.reject(error));
    await assert.rejects(ended as Promise<unknown>, error);
    assert.deepEqual(
      spans().map(({ status }) => status),
      [{ code: SpanStatusCode.ERROR, message: 'down' }],
    );
  });

  it('has every failure that the listener named', async () => {
    const { spans } = setup();
    const failed = [new TypeError('first'), new Error('second')].map((error, index) => ({ index, error }));
    await tracingBatchMiddleware()(records, context, () => Promise.resolve({ failed }));
    tracingBatchMiddleware()(records, context, () => ({ failed: [] }));
    const [span, good] = spans();
    assert.deepEqual(span?.status, { code: SpanStatusCode.ERROR, message: '2 of 3 records failed' });
    assert.equal(span.attributes['error.type'], 'TypeError');
    const told = span.events.map(({ attributes }) => attributes?.['exception.message']);
    assert.deepEqual(told, ['first', 'second']);
    assert.equal(good?.status.code, SpanStatusCode.UNSET);
  });
});
