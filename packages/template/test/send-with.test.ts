import assert from 'node:assert/strict';
import { KafkaError, type ProducerRecord, type SendCallback } from '@hearken/core';
import { KafkaTemplate, SendError, type KafkaTemplateOptions } from '@hearken/template';
import { eventLoopTurn, FakeProducer, RecordingLogger } from '@hearken/testing';

/** A producer that needs no promise for a record, as Hearken's own. */
class CallbackProducer extends FakeProducer {
  readonly callbacks: SendCallback[] = [];

  sendWith(record: ProducerRecord, callback: SendCallback): void {
    this.sent.record(record);
    this.callbacks.push(callback);
  }
}

function setup(options: KafkaTemplateOptions = {}) {
  const producer = new CallbackProducer();
  const factory = { createProducer: () => producer, close: () => producer.close() };
  const acknowledge = (offset: number): void =>
    producer.callbacks.shift()?.resolve({ topic: 'orders', partition: 0, offset, timestamp: 0 });
  return { template: new KafkaTemplate(factory, options), producer, acknowledge };
}

describe('KafkaTemplate over a producer that takes callbacks', () => {
  it('makes the only promise itself, and settles it as the callback says', async () => {
    const { template, producer, acknowledge } = setup();
    const [good, bad] = [template.send('orders', 'a'), template.send('orders', 'b')];
    acknowledge(7);
    producer.callbacks.shift()?.reject(new KafkaError('no', { code: 'NO', retriable: true }));
    assert.deepEqual((await good).record, { topic: 'orders', value: 'a' });
    assert.equal((await good).metadata.offset, 7);
    await assert.rejects(bad, (error) => error instanceof SendError && error.code === 'NO' && error.retriable);
  });

  it('hands on in turn what waits for a serde, and what was given after it', async () => {
    const serialize = (value: string | Buffer | null) =>
      value === 'slow' ? eventLoopTurn().then(() => Buffer.from('slow')) : Buffer.from('quick');
    const valueSerde = { serialize, deserialize: (bytes: Buffer | null) => bytes };
    const { template, producer, acknowledge } = setup({ valueSerde });
    const sends = [template.send('orders', 'slow'), template.send('orders', 'quick')];
    await producer.sent.received(2);
    assert.deepEqual(
      producer.sent.items.map(({ value }) => value?.toString()),
      ['slow', 'quick'],
    );
    acknowledge(0);
    acknowledge(1);
    assert.deepEqual(
      (await Promise.all(sends)).map(({ metadata }) => metadata.offset),
      [0, 1],
    );
  });

  it('lets no listener break the telling of other records', async () => {
    const onSuccess = (): never => {
      throw new Error('the listener failed');
    };
    const logger = new RecordingLogger();
    const { template, acknowledge } = setup({ producerListener: { onSuccess }, logger });
    const sends = [template.send('orders', 'a'), template.send('orders', 'b')];
    acknowledge(0);
    acknowledge(1);
    assert.equal((await Promise.all(sends)).length, 2);
    assert.equal(logger.entries.count, 2);
  });
});
