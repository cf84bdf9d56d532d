import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import type { BatchListenerContext, ListenerContext } from '@hearken/listener';
import { aRecord } from '@hearken/testing';
import { metrics, type Meter } from '@opentelemetry/api';
import { MeterProvider, MetricReader, type DataPoint, type Histogram } from '@opentelemetry/sdk-metrics';
import { metricsBatchMiddleware, metricsMiddleware } from '../dist/index.js';

const context = { container: { groupId: 'billing' } } as ListenerContext;
const batchContext = { topic: 'orders', partition: 3, container: { groupId: 'billing' } } as BatchListenerContext;
const record = aRecord({ topic: 'orders', value: 'web' });
const WELL = {
  'messaging.system': 'kafka',
  'messaging.operation.name': 'process',
  'messaging.destination.name': 'orders',
  'messaging.consumer.group.name': 'billing',
};

/** Read when somebody asks. */
class Reader extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

function setup() {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const read = async () => {
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    assert.ok(all.every(({ descriptor }) => descriptor.name === 'messaging.process.duration'));
    assert.ok(all.every(({ descriptor }) => descriptor.unit === 's'));
    const points = all.flatMap(({ dataPoints }) => dataPoints as DataPoint<Histogram>[]);
    return points.map(({ attributes, value }) => ({ attributes, histogram: value }));
  };
  const meter: Meter = provider.getMeter('test');
  const counts = async () => (await read()).map(({ attributes, histogram }) => [attributes, histogram.count]);
  return { provider, meter, read, counts };
}

function busyFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('metricsMiddleware', () => {
  afterEach(() => metrics.disable());

  it('records how long the listener took, until its promise came to an end', async () => {
    const { meter, read } = setup();
    const begun = performance.now();
    await metricsMiddleware({ meter })(record, context, async () => {
      await Promise.resolve();
      busyFor(6);
    });
    const tookAtMost = performance.now() - begun;
    const [point, ...others] = await read();
    assert.ok(point !== undefined && others.length === 0);
    assert.deepEqual(point.attributes, WELL);
    const { count, sum = NaN, buckets } = point.histogram;
    assert.equal(count, 1);
    assert.ok(sum >= 0.006 && sum <= tookAtMost / 1000, `${sum} s of ${tookAtMost} ms`);
    assert.deepEqual(buckets.boundaries.slice(0, 2), [0.005, 0.01]);
    assert.equal(buckets.counts[0], 0);
  });

  it('tells failures by their type: the code, the name, or nothing', async () => {
    const { meter, counts } = setup();
    const middleware = metricsMiddleware({ meter });
    const coded = new KafkaConfigError('no', []);
    const nothing = undefined as unknown as Error;
    for (const error of [new TypeError('no'), coded, nothing]) {
      const rejected = middleware(record, context, () => Promise.reject(error));
      await assert.rejects(rejected as Promise<unknown>);
      assert.throws(() =>
        middleware(record, context, () => {
          throw error;
        }),
      );
    }
    middleware(record, context, () => 'well');
    const types = ['TypeError', coded.code, '_OTHER'];
    assert.deepEqual(await counts(), [...types.map((type) => [{ ...WELL, 'error.type': type }, 2]), [WELL, 1]]);
  });

  it('adds attributes of the application, which replace none of the conventions', async () => {
    const { meter, counts } = setup();
    const middleware = metricsMiddleware({
      meter,
      attributesOf: ({ value }) => ({ source: String(value), 'messaging.system': 'none' }),
    });
    middleware(record, context, () => undefined);
    assert.deepEqual(await counts(), [[{ ...WELL, source: 'web' }, 1]]);
  });

  it('finds the provider that is registered after it was made, and the next', async () => {
    const middleware = metricsMiddleware();
    middleware(record, context, () => undefined);
    const [first, second] = [setup(), setup()];
    metrics.setGlobalMeterProvider(first.provider);
    middleware(record, context, () => undefined);
    middleware(record, context, () => undefined);
    metrics.disable();
    metrics.setGlobalMeterProvider(second.provider);
    middleware(record, context, () => undefined);
    assert.deepEqual(await first.counts(), [[WELL, 2]]);
    assert.deepEqual(await second.counts(), [[WELL, 1]]);
  });

  it('refuses options that are none', () => {
    const bad = { meter: {}, attributesOf: 'tenant', meters: 1 } as never;
    assert.throws(() => metricsMiddleware(bad), KafkaConfigError);
    assert.throws(() => metricsBatchMiddleware(bad), /metricsBatchMiddleware/);
  });
});

describe('metricsBatchMiddleware', () => {
  it('records one duration of a batch, with the type of the first failure that its listener named', async () => {
    const { meter, counts } = setup();
    const middleware = metricsBatchMiddleware({ meter, attributesOf: (records) => ({ size: records.length }) });
    const failed = [new TypeError('first'), new RangeError('second')].map((error, index) => ({ index, error }));
    await middleware([record, record], batchContext, () => Promise.resolve({ failed }));
    middleware([record, record], batchContext, () => ({ failed: [] }));
    middleware([record, record], batchContext, () => undefined);
    assert.deepEqual(await counts(), [
      [{ ...WELL, size: 2, 'error.type': 'TypeError' }, 1],
      [{ ...WELL, size: 2 }, 2],
    ]);
  });
});
