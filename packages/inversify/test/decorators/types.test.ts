import assert from 'node:assert/strict';
import { json, type Bytes, type ConsumerRecord, type Headers as RecordHeaders } from '@hearken/core';
import type { Acknowledgment, BatchAcknowledgment, BatchListenerContext, ListenerContext } from '@hearken/listener';
import type { LevelName } from '@hearken/priority';
import { z } from 'zod';
import {
  Ack,
  Context,
  Header,
  Headers,
  KafkaListener,
  Level,
  Payload,
  Record,
  SendTo,
  Signal,
} from '../../dist/index.js';

// Compiled, hardly run: what is wrong here breaks the build.

interface Order {
  readonly id: string;
  readonly total: number;
}
interface Invoice {
  readonly number: number;
}
const orderSchema = z.object({ id: z.string(), total: z.coerce.number() });
const topics = ['orders'];
const valueSerde = json<Order>();
type OrderRecord = ConsumerRecord<Bytes, Order>;
type InvoiceRecord = ConsumerRecord<Bytes, Invoice>;

describe('types of decorators', () => {
  it('let a payload flow from the serde to the method', () => {
    class Billing {
      @KafkaListener({ topics, valueSerde, filter: ({ value }) => value.total > 0 })
      on(record: OrderRecord, context: ListenerContext): unknown {
        return [record.value.total, context.attempt];
      }
      @KafkaListener({ topics, valueSerde })
      wide(record: ConsumerRecord<unknown, { readonly id: string }>): string {
        return record.value.id;
      }
      @KafkaListener({ topics, valueSerde: () => valueSerde })
      made(record: OrderRecord): number {
        return record.value.total;
      }
      // @ts-expect-error the value is an Order
      @KafkaListener({ topics, valueSerde })
      wrong(record: InvoiceRecord): number {
        return record.value.number;
      }
      // @ts-expect-error the value is an Order, whoever makes the serde
      @KafkaListener({ topics, valueSerde: () => valueSerde })
      wrongMade(record: InvoiceRecord): number {
        return record.value.number;
      }
      // @ts-expect-error the key is bytes or text, not a number
      @KafkaListener({ topics, keySerde: json<string>() })
      wrongKey(record: ConsumerRecord<number>): number {
        return record.key;
      }
      @KafkaListener({ topics, valueSerde, batch: true })
      batch(records: readonly OrderRecord[], context: BatchListenerContext): unknown {
        return [records, context];
      }
      @KafkaListener({ topics, valueSerde, batch: { maxRecords: 10 } })
      limited(records: readonly OrderRecord[]): unknown {
        return records;
      }
      // @ts-expect-error a batch is a list
      @KafkaListener({ topics, valueSerde, batch: true })
      noBatch(record: OrderRecord): unknown {
        return record;
      }
      // @ts-expect-error only a batch is a list
      @KafkaListener({ topics, valueSerde })
      noRecord(records: readonly OrderRecord[]): unknown {
        return records;
      }
      // @ts-expect-error the values are Orders
      @KafkaListener({ topics, valueSerde, batch: true })
      wrongBatch(records: readonly InvoiceRecord[]): unknown {
        return records;
      }
    }
    assert.ok(Billing);
  });

  it('let a payload flow from the schema to the parameter', () => {
    class Billing {
      @KafkaListener({ topics })
      on(@Payload(orderSchema) order: Order, @Header('trace') trace: string | undefined): unknown {
        return [order.total, trace];
      }
      @KafkaListener({ topics })
      // @ts-expect-error the schema makes Orders
      wrong(@Payload(orderSchema) invoice: Invoice): unknown {
        return invoice;
      }
      @KafkaListener({ topics, batch: true })
      batch(
        @Payload(orderSchema) orders: readonly Order[],
        @Header('trace') traces: readonly (string | undefined)[],
      ): unknown {
        return [orders, traces];
      }
      @KafkaListener({ topics, batch: true })
      // @ts-expect-error the schema makes Orders
      wrongBatch(@Payload(orderSchema) invoices: readonly Invoice[]): unknown {
        return invoices;
      }
      @KafkaListener({ topics })
      any(@Payload() order: Order): unknown {
        return order;
      }
    }
    assert.ok(Billing);
  });

  it('know what the other parameters are given', () => {
    class Billing {
      @KafkaListener({ topics })
      on(
        @Record() record: OrderRecord,
        @Ack() acknowledgment: Acknowledgment,
        @Signal() signal: AbortSignal,
        @Context() context: ListenerContext,
        @Headers() headers: RecordHeaders,
        @Header('number', (bytes) => bytes.readInt32BE()) number: number | undefined,
        @Level() level: LevelName,
      ): unknown {
        return [record, acknowledgment, signal, context, headers, number, level];
      }
      @KafkaListener({ topics, batch: true })
      batch(
        @Record() records: readonly OrderRecord[],
        @Ack() acknowledgment: BatchAcknowledgment,
        @Context() context: BatchListenerContext,
        @Headers() headers: readonly RecordHeaders[],
      ): unknown {
        return [records, acknowledgment, context, headers];
      }
      @KafkaListener({ topics })
      wrong(
        // @ts-expect-error a level has a number and a name
        @Level() level: number,
        // @ts-expect-error a header may be missing
        @Header('trace') trace: string,
        // @ts-expect-error a header is text
        @Header('number') number: number | undefined,
        // @ts-expect-error what it is given is a signal
        @Signal() signal: Acknowledgment,
        // @ts-expect-error what it is given is a record
        @Record() record: Order,
        // @ts-expect-error what it is given is a context
        @Context() context: AbortSignal,
        // @ts-expect-error an acknowledgment
        @Ack() acknowledgment: AbortSignal,
        // @ts-expect-error all headers
        @Headers() headers: string,
      ): unknown {
        return [level, trace, number, signal, record, context, acknowledgment, headers];
      }
    }
    assert.ok(Billing);
  });

  it('know the options', () => {
    class Billing {
      // @ts-expect-error there is no such option
      @KafkaListener({ topics, concurency: 3 })
      misspelt(): string {
        return 'misspelt';
      }
      // @ts-expect-error concurrency is a number
      @KafkaListener({ topics, concurrency: '3' })
      text(): string {
        return 'text';
      }
      @KafkaListener({
        topics: (container) => container.get<string[]>('topics'),
        concurrency: Symbol.for('concurrency'),
      })
      @SendTo((container) => container.get<string>('replies'))
      lookedUp(): string {
        return 'lookedUp';
      }
      // @ts-expect-error only methods listen
      @KafkaListener({ topics })
      readonly property = 1;
    }
    assert.ok(Billing);
  });
});
