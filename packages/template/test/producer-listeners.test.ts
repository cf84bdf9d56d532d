import assert from 'node:assert/strict';
import { KafkaConfigError, KafkaError } from '@hearken/core';
import {
  CompositeProducerListener,
  LoggingProducerListener,
  SendError,
  type LoggingProducerListenerOptions,
  type ProducerListener,
} from '@hearken/template';
import { RecordingLogger } from '@hearken/testing';
import { foreignRejection, setup } from './setup.js';

const NO = new KafkaError('no', { code: 'NO' });

describe('CompositeProducerListener', () => {
  it('tells all in their order, also after one that failed; what failed is logged', async () => {
    const told: string[] = [];
    const named = (name: string, failure?: () => unknown): ProducerListener => ({
      onSuccess: () => {
        told.push(name);
        return failure?.();
      },
    });
    const [thrown, rejected, foreign] = [new Error('thrown'), new Error('rejected'), new Error('foreign')];
    const producerListener = new CompositeProducerListener(
      named('a', () => {
        throw thrown;
      }),
      { onError: () => told.push('not this one') },
      named('b', () => Promise.reject(rejected)),
      named('c', () => foreignRejection(foreign)),
      named('d'),
    );
    const { template, logger } = setup({ producerListener });
    await template.send('orders', 'v');
    assert.deepEqual(told, ['a', 'b', 'c', 'd']);
    await logger.entries.received(1);
    const { error } = logger.entries.items[0]?.details as { error: AggregateError };
    assert.deepEqual(error.errors, [thrown, rejected, foreign]);
  });

  it('tells all of a failure', async () => {
    const told: string[] = [];
    const tells = (name: string): ProducerListener => ({ onError: (_, { code }) => told.push(`${name} ${code}`) });
    const { template } = setup({ producerListener: new CompositeProducerListener(tells('a'), tells('b')) });
    await assert.rejects(template.send('', 'v'));
    assert.deepEqual(told, ['a INVALID_RECORD', 'b INVALID_RECORD']);
  });

  it('refuses what is no listener', () => {
    const none = {} as ProducerListener;
    assert.throws(() => new CompositeProducerListener({ onError: () => undefined }, none), /listeners\[1\]/u);
  });
});

describe('LoggingProducerListener', () => {
  async function logged(options: LoggingProducerListenerOptions, value: string, key = 'k') {
    const logger = new RecordingLogger();
    const { template, factory } = setup({ producerListener: new LoggingProducerListener({ logger, ...options }) });
    await template.send('orders', 'fine');
    factory.producer.failSends(NO);
    await assert.rejects(template.send('orders', value, { key, partition: 2 }), { code: 'NO' });
    return logger.entries.items;
  }

  it('logs what could not be sent and where to, and nothing of what it holds', async () => {
    const [entry, ...more] = await logged({}, 'secret');
    assert.deepEqual([entry?.level, more], ['error', []]);
    const { error, ...rest } = entry?.details as { error: KafkaError };
    assert.deepEqual([error.code, rest], ['NO', { topic: 'orders', partition: 2 }]);
  });

  it('logs keys and values where it is asked to, and no more of them than it may', async () => {
    const [entry] = await logged({ includeContents: true, maxContentLogged: 3 }, 'abcdef');
    const { key, value } = entry?.details as Record<string, unknown>;
    assert.deepEqual([key, value], ['k', 'abc…']);
  });

  it('refuses options that are none', () => {
    assert.throws(() => new LoggingProducerListener({ maxContentLogged: -1 }), KafkaConfigError);
  });
});

describe('LoggingProducerListener: contents', () => {
  it('of which none can be written are named by their type', () => {
    const logger = new RecordingLogger();
    const listener = new LoggingProducerListener({ logger, includeContents: true });
    const record = { topic: 'orders', value: { toJSON: () => undefined } };
    listener.onError(record, new SendError(record, 'no', { code: 'NO_ROUTE' }));
    assert.equal((logger.entries.items[0]?.details as { value: string }).value, '[object Object]');
  });
});

describe('an interceptor with onAcknowledgement', () => {
  it('hears of each end before the producer listener', async () => {
    const told: string[] = [];
    const { template, factory } = setup({
      interceptors: [
        (record) => record,
        {
          onSend: (record) => record,
          onAcknowledgement: (metadata, error) => told.push(`interceptor ${metadata?.offset ?? error?.code}`),
        },
      ],
      producerListener: { onSuccess: () => told.push('listener'), onError: () => told.push('listener') },
    });
    await template.send('orders', 'a');
    factory.producer.failSends(NO);
    await assert.rejects(template.send('orders', 'b'));
    assert.deepEqual(told, ['interceptor 0', 'listener', 'interceptor NO', 'listener']);
  });
});
