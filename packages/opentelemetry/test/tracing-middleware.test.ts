import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConsumerRecord } from '@hearken/core';
import { SkipRecord, type ListenerContext } from '@hearken/listener';
import { aRecord } from '@hearken/testing';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { tracingMiddleware } from '../dist/index.js';
import { disableTracing, parentOf, setup, SPAN_ID, TRACE_ID, TRACED } from './setup.js';

const listenerContext = { attempt: 2, container: { groupId: 'billing' } } as ListenerContext;
const record = aRecord({ topic: 'orders', partition: 3, offset: 7, key: 'customer-7', value: 'v', headers: TRACED });

describe('tracingMiddleware', () => {
  afterEach(disableTracing);

  it('makes a span of an attempt, a child of the one that sent the record', () => {
    const { spans } = setup();
    tracingMiddleware()(record, listenerContext, () => undefined);
    const [span, ...others] = spans();
    assert.ok(span !== undefined && others.length === 0);
    assert.deepEqual([span.name, span.kind, parentOf(span)], ['process orders', SpanKind.CONSUMER, `${TRACE_ID}/${SPAN_ID}`]); // prettier-ignore
    assert.equal(span.status.code, SpanStatusCode.UNSET);
    assert.deepEqual(span.attributes, {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '3',
      'messaging.consumer.group.name': 'billing',
      'messaging.kafka.offset': 7,
      'messaging.kafka.message.key': 'customer-7',
      'hearken.attempt': 2,
    });
  });

  it('begins a trace where a record brings none, whatever is active', () => {
    const { spans } = setup();
    trace.getTracer('test').startActiveSpan('who made the container', (span) => {
      tracingMiddleware()(aRecord({ topic: 'orders' }), listenerContext, () => undefined);
      span.end();
    });
    assert.deepEqual(spans().map(parentOf), [undefined, undefined]);
  });

  it('makes no promise of a synchronous listener, and has ended when it returns', () => {
    const { spans } = setup();
    assert.equal(
      tracingMiddleware()(record, listenerContext, () => {
        assert.equal(spans().length, 0);
        return undefined;
      }),
      undefined,
    );
    assert.equal(spans().length, 1);
  });

  it('is active in all that an asynchronous listener awaits, beside what is there, and ends with it', async () => {
    const { spans } = setup();
    const outer = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const end = outer.run('kept', () =>
      tracingMiddleware()(record, listenerContext, async () => {
        await Promise.resolve();
        seen.push(trace.getActiveSpan()?.spanContext().traceId, outer.getStore(), spans().length);
      }),
    );
    await end;
    assert.deepEqual(seen, [TRACE_ID, 'kept', 0]);
    assert.equal(spans().length, 1);
    assert.equal(trace.getActiveSpan(), undefined);
  });

  const failures: readonly (readonly [what: string, error: unknown, type: string, message: string])[] = [
    ['an error', new RangeError('too much'), 'RangeError', 'too much'],
    ['an error of ours', new SkipRecord('not for us'), 'SKIP_RECORD', 'not for us'],
    ['something else', 'busy', '_OTHER', 'busy'],
  ];
  for (const [what, error, type, message] of failures) {
    for (const how of ['throws', 'rejects']) {
      it(`has ${what} that the listener ${how}, and hands it on`, async () => {
        const { spans } = setup();
        const listener = (): Promise<never> => {
          if (how === 'throws') throw error;
          return Promise.resolve().then(() => {
            throw error;
          });
        };
        const ended = new Promise((resolve) => resolve(tracingMiddleware()(record, listenerContext, listener)));
        assert.equal(await ended.catch((thrown: unknown) => thrown), error);
        const [span, ...others] = spans();
        assert.ok(span !== undefined && others.length === 0);
        assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message });
        assert.equal(span.attributes['error.type'], type);
        const told = span.events.map(({ name, attributes }) => [name, attributes?.['exception.message']]);
        assert.deepEqual(told, [['exception', message]]);
      });
    }
  }

  it('shows keys that are text or numbers, and none with includeKeys: false', () => {
    const { spans } = setup();
    const keys = ['text', 7, 12n, Buffer.from('bytes'), Buffer.from([0xff]), { id: 1 }, null];
    for (const key of keys)
      tracingMiddleware()({ ...record, headers: record.headers, key }, listenerContext, () => undefined);
    tracingMiddleware({ includeKeys: false })(record, listenerContext, () => undefined);
    assert.deepEqual(
      spans().map(({ attributes }) => attributes['messaging.kafka.message.key']),
      ['text', '7', '12', 'bytes', ...Array<undefined>(4)],
    );
  });

  it('uses later names of the conventions, or both, as the environment asks', () => {
    const { spans } = setup();
    for (const asked of ['http, messaging', 'messaging/dup']) {
      process.env.OTEL_SEMCONV_STABILITY_OPT_IN = asked;
      try {
        tracingMiddleware()(record, listenerContext, () => undefined);
      } finally {
        delete process.env.OTEL_SEMCONV_STABILITY_OPT_IN;
      }
    }
    const later = ['messaging.system.name', 'kafka.offset', 'kafka.message.key'];
    const earlier = ['messaging.system', 'messaging.kafka.offset', 'messaging.kafka.message.key'];
    const [renamed, both] = spans().map(({ attributes }) => attributes);
    const values = ['kafka', 7, 'customer-7'];
    const of = (names: readonly string[], from = renamed): unknown[] => names.map((name) => from?.[name]);
    assert.deepEqual([of(later), of(earlier)], [values, [undefined, undefined, undefined]]);
    assert.deepEqual([of(later, both), of(earlier, both)], [values, values]);
    assert.equal(renamed?.['messaging.destination.name'], 'orders');
  });

  it('takes a tracer, and finds a provider that is registered after it was made', () => {
    const early = tracingMiddleware();
    const { spans } = setup();
    early(record, listenerContext, () => undefined);
    const own = tracingMiddleware({ tracer: trace.getTracer('own') });
    own(record, listenerContext, () => undefined);
    assert.deepEqual(
      spans().map(({ instrumentationScope }) => instrumentationScope.name),
      ['@hearken/opentelemetry', 'own'],
    );
  });

  it('only calls the listener where no SDK is registered, and looks at no header', () => {
    const untouched = { ...record } as ConsumerRecord; // a spread takes no getter along
    Object.defineProperty(untouched, 'headers', { get: () => assert.fail('the headers were parsed') });
    let calls = 0;
    tracingMiddleware()(untouched, listenerContext, () => calls++);
    assert.equal(calls, 1);
  });

  it('says what is wrong with its options', () => {
    const wrong = { tracer: {}, includeKey: false } as unknown as Parameters<typeof tracingMiddleware>[0];
    assert.throws(() => tracingMiddleware(wrong), {
      code: 'INVALID_CONFIG',
      message: /includeKey: .*includeKeys[^]*tracer: must have the method startSpan/,
    });
  });
});
