import assert from 'node:assert/strict';
import { KafkaConfigError, silentLogger } from '@hearken/core';
import { Container, injectable } from 'inversify';
import { KafkaHandler, KafkaListener, kafkaModule, listenersModule, startKafka } from '../../dist/index.js';

@injectable()
class Billing {
  @KafkaListener({ groupId: 'billing' })
  on(): void {
    return;
  }
  @KafkaListener({ topics: ['orders'], groupId: 'billing', concurency: 3 } as never)
  other(): void {
    return;
  }
}

@injectable()
class Shipping {
  @KafkaListener({ topics: ['orders'], groupId: 'shipping', concurrency: 0 })
  on(): void {
    return;
  }
  @KafkaListener({ id: 'Shipping.on', topics: ['orders'], groupId: 'shipping' })
  twice(): void {
    return;
  }
  @KafkaHandler('order')
  handler(): void {
    return;
  }
}

@injectable()
class Empty {
  @KafkaListener()
  on(): void {
    return;
  }
}

describe('beans that are wrong', () => {
  const start = async (...beans: readonly (new () => object)[]): Promise<readonly string[]> => {
    const container = new Container();
    const clusters = { default: { brokers: ['127.0.0.1:1'] } }; // nobody is asked
    container.load(kafkaModule({ clusters, environment: false, logger: silentLogger }), listenersModule(...beans));
    try {
      await startKafka(container, { signals: false });
      return [];
    } catch (error) {
      assert.ok(error instanceof KafkaConfigError, String(error));
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    }
  };

  it('are told of all at once, by class and method, before anything connects', async () => {
    assert.deepEqual(await start(Billing, Shipping), [
      "Billing.other.concurency: is not an option; did you mean 'concurrency'?",
      'Shipping.handler: has @KafkaHandler, but there is no @KafkaListener on its class',
      "Shipping.twice: has the id 'Shipping.on', as Shipping.on has: ids are unique",
      'Billing.on.topics: exactly one of topics, topicPattern and topicPartitions is needed, got none',
      'Shipping.on.concurrency: must be a whole number >= 1, got 0',
    ]);
  });

  it('may say nothing, and are told what is needed', async () => {
    assert.deepEqual(await start(Empty), [
      'Empty.on.topics: exactly one of topics, topicPattern and topicPartitions is needed, got none',
      'Empty.on.groupId: is required, here or at the factory, unless topicPartitions are given',
    ]);
  });

  it('are no classes where files import each other', () => {
    assert.throws(() => listenersModule(Billing, undefined as never), {
      code: 'INVALID_CONFIG',
      message: /classes\[1\]: must be a class, got undefined: do two files import each other\?/,
    });
  });
});
