import assert from 'node:assert/strict';
import { json, nullable, string, type Bytes, type ConsumerRecord, type StandardSchemaV1 } from '@hearken/core';
import { FakeConsumerFactory } from '@hearken/testing';
import {
  deduplicate,
  MessageListenerContainer,
  type BatchListenerContext,
  type BatchMiddleware,
  type BatchResult,
  type ListenerContext,
  type RecordMiddleware,
} from '../dist/index.js';

// Compiled, not run: what is wrong here breaks the build.

interface Order {
  readonly id: string;
  readonly total: number;
}

const factory = new FakeConsumerFactory({ groupId: 'g' });
const topics = ['orders'];
const orders = { topics, valueSerde: json<Order>() };

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/no-unused-vars -- types are what is compared */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for a value of the very type. */
const is =
  <A>() =>
  <B>(_value: B, ..._same: Same<A, B> extends true ? [] : [never]): boolean =>
    true;
/* eslint-enable */

describe('types', () => {
  it('of keys and values flow from the serdes to whatever gets records', () => {
    const container = new MessageListenerContainer(factory, {
      topics,
      keySerde: string(),
      valueSerde: json<Order>(),
      filter: (record) => is<ConsumerRecord<string, Order>>()(record) && record.value.total > 1,
      middleware: [
        (record, context, next) => {
          is<Order>()(record.value);
          is<ListenerContext>()(context);
          return next({ ...record, value: { id: 'other', total: record.value.total } });
        },
        // @ts-expect-error another value than the listener takes
        (record, _, next) => next({ ...record, value: 'text' }),
      ],
      listener: (record, context) => {
        is<ConsumerRecord<string, Order>>()(record);
        is<ListenerContext>()(context);
      },
    });
    is<MessageListenerContainer<string, Order>>()(container);
    container.on('listener:returned', ({ record }) => is<ConsumerRecord<string, Order>>()(record));
    container.on('record:failed', ({ record }) => is<ConsumerRecord>()(record));
    container.use((record, _, next) => is<string>()(record.key) && next());
  });

  it('flow to batches', () => {
    const container = new MessageListenerContainer(factory, {
      ...orders,
      filter: ({ value }) => value.total > 1,
      middleware: [
        async (records, context, next) => {
          is<BatchListenerContext>()(context);
          const result = await next(records.filter(({ value }) => value.total > 2));
          is<BatchResult | undefined>()(result);
        },
      ],
      batchListener: (records, context) => {
        is<readonly ConsumerRecord<Bytes, Order>[]>()(records);
        is<BatchListenerContext>()(context);
        return { failed: [{ index: 0, error: records[0]?.value.total }] };
      },
    });
    const layer: BatchMiddleware<Bytes, Order> = (records, _, next) => next(records.slice(1));
    container.use(layer);
  });

  it('are those of a schema, null where a serde says so, and bytes without one', () => {
    const schema: StandardSchemaV1<unknown, Order> = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as Order }) },
    };
    new MessageListenerContainer(factory, {
      topics,
      valueSerde: json(schema),
      listener: ({ value }) => is<Order>()(value),
    });
    new MessageListenerContainer(factory, {
      topics,
      valueSerde: nullable(json<Order>()),
      listener: ({ value }) => is<Order | null>()(value),
    });
    new MessageListenerContainer(factory, {
      topics,
      listener: { onMessage: ({ key, value }) => [is<Buffer | null>()(key), is<Buffer | null>()(value)] },
    });
    new MessageListenerContainer(factory, {
      topics,
      valueSerde: json(),
      batchListener: {
        onBatch: ([first]) => {
          is<ConsumerRecord<Bytes, unknown> | undefined>()(first);
        },
      },
    });
  });

  it('of middleware for any records, or for those of one type', () => {
    const timing = (_: ConsumerRecord<unknown, unknown>, __: ListenerContext, next: () => unknown): unknown => next();
    const byHeader = deduplicate({ id: ({ headers }) => headers.string('id') });
    const byId = deduplicate({ id: ({ value }: ConsumerRecord<unknown, Order>) => value.id });
    const listener = ({ value }: ConsumerRecord<Bytes, Order>): number => value.total;
    const container = new MessageListenerContainer(factory, {
      ...orders,
      middleware: [timing, byHeader, byId, deduplicate({ id: ({ value }) => value.id })],
      listener,
    });
    container
      .use(timing)
      .use(byHeader)
      .use(deduplicate({ id: ({ value }) => value.id }));
    new MessageListenerContainer(factory, {
      ...orders,
      middleware: [byHeader, byId],
      batchListener: () => undefined,
    }).use(deduplicate({ id: ({ value }) => value.id }));
    const others: RecordMiddleware<Bytes, { readonly other: 1 }> = (_, __, next) => next();
    const ours = { ...orders, listener };
    // @ts-expect-error for records of another type
    const create = (): unknown => new MessageListenerContainer(factory, { ...ours, middleware: [others] });
    const theirs = { topics, valueSerde: json<{ other: 1 }>(), listener: () => 1 };
    // @ts-expect-error for records of another type
    const createToo = (): unknown => new MessageListenerContainer(factory, { ...theirs, middleware: [byId] });
    assert.notEqual(create, createToo);
  });

  it('refuse what does not go together', () => {
    const create = (): unknown[] => [
      // @ts-expect-error neither kind of listener
      new MessageListenerContainer(factory, { topics }),
      // @ts-expect-error both kinds
      new MessageListenerContainer(factory, { topics, listener: () => 1, batchListener: () => undefined }),
      // @ts-expect-error batches of one record
      new MessageListenerContainer(factory, { topics, listener: () => 1, batch: { maxRecords: 1 } }),
      // @ts-expect-error a filter that is not synchronous
      new MessageListenerContainer(factory, { ...orders, filter: () => Promise.resolve(true), listener: () => 1 }),
      new MessageListenerContainer(factory, {
        topics,
        // @ts-expect-error without a serde values are bytes
        listener: ({ value }: ConsumerRecord<Bytes, Order>) => value.id,
      }),
      // @ts-expect-error an id that is no text
      deduplicate({ id: ({ offset }) => offset }),
      new MessageListenerContainer(factory, {
        ...orders,
        // @ts-expect-error middleware of batches around a listener of records
        middleware: [(records: readonly ConsumerRecord<Bytes, Order>[], _, next) => next(records)],
        listener: () => 1,
      }),
    ];
    assert.equal(typeof create, 'function');
  });
});
