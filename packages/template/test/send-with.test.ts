import assert from 'node:assert/strict';
import { KafkaError, type ProducerRecord, type RecordMetadata, type SendMapper } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { KafkaTemplate, SendError, type KafkaTemplateOptions } from '@hearken/template';
import { eventLoopTurn, FakeProducer, RecordingLogger } from '@hearken/testing';

/** A producer that maps the end of a send itself, as Hearken's own. */
class MappingProducer extends FakeProducer {
  readonly ends: Deferred<RecordMetadata>[] = [];

  sendWith<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, context: C): Promise<R> {
    this.sent.record(record);
    const end = deferred<RecordMetadata>();
    this.ends.push(end);
    return end.promise.then(
      (metadata) => mapper.result(metadata, context),
      (error: unknown) => Promise.reject(mapper.error(error, context)),
    );
  }
}

function setup(options: KafkaTemplateOptions = {}) {
  const producer = new MappingProducer();
  const factory = { createProducer: () => producer, close: () => producer.close() };
  const acknowledge = (offset: number): void =>
    producer.ends.shift()?.resolve({ topic: 'orders', partition: 0, offset, timestamp: 0 });
  return { template: new KafkaTemplate(factory, options), producer, acknowledge };
}

describe('KafkaTemplate over a producer that takes a mapper', () => {
  it('hands out the promises of the producer, which settle with its results and errors', async () => {
    const { template, producer, acknowledge } = setup();
    const [good, bad] = [template.send('orders', 'a'), template.send('orders', 'b')];
    acknowledge(7);
    producer.ends.shift()?.reject(new KafkaError('no', { code: 'NO', retriable: true }));
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
