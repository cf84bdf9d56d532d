/* eslint-disable @typescript-eslint/no-unused-vars -- beans that are wrong, and never called */
import assert from 'node:assert/strict';
import { KafkaConfigError, silentLogger } from '@hearken/core';
import type { Acknowledgment } from '@hearken/listener';
import type { LevelName } from '@hearken/priority';
import { Container, injectable } from 'inversify';
import {
  Ack,
  KafkaHandler,
  KafkaListener,
  kafkaModule,
  Level,
  listenersModule,
  Payload,
  startKafka,
  type KafkaModuleConfig,
} from '../../dist/index.js';

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
class Acknowledging {
  @KafkaListener({ topics: ['orders'], groupId: 'a' })
  on(@Ack() _ack: Acknowledgment): void {
    return;
  }
  @KafkaListener({ id: 'fine', topics: ['orders'], groupId: 'b', ackMode: 'record' })
  overruled(@Ack() _ack: Acknowledgment): void {
    return;
  }
  @KafkaListener({ topics: ['orders'], groupId: 'c', ackMode: 'manual-immediate' })
  manual(@Ack() _ack: Acknowledgment): void {
    return;
  }
  @KafkaListener({ topics: ['orders'], groupId: 'd' })
  level(@Level() _level: LevelName): void {
    return;
  }
}

@injectable()
@KafkaListener({ topics: ['orders'], groupId: 'e', ackMode: 'batch' })
class Choosing {
  @KafkaHandler('order')
  order(@Ack() _ack: Acknowledgment): void {
    return;
  }
  @KafkaHandler({ isDefault: true })
  other(@Payload() _value: unknown): void {
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
  const start = (...beans: readonly (new () => object)[]): Promise<readonly string[]> => startWith({}, ...beans);

  const startWith = async (
    config: Partial<KafkaModuleConfig>,
    ...beans: readonly (new () => object)[]
  ): Promise<readonly string[]> => {
    const container = new Container();
    const clusters = { default: { brokers: ['127.0.0.1:1'] } }; // nobody is asked
    const module = kafkaModule({ clusters, environment: false, logger: silentLogger, ...config });
    container.load(module, listenersModule(...beans));
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

  it('take an acknowledgment, or a level, where there is none', async () => {
    const containers = { fine: { ackMode: 'manual' }, 'Acknowledging.manual': { ackMode: 'record' } } as const;
    const mode = "must be 'manual' or 'manual-immediate', as";
    assert.deepEqual(await startWith({ containers }, Acknowledging, Choosing), [
      `Acknowledging.on.ackMode: ${mode} Acknowledging.on takes @Ack(); got none`,
      `containers.Acknowledging.manual.ackMode: ${mode} Acknowledging.manual takes @Ack(); got 'record'`,
      'Acknowledging.level.levels: must be given, as Acknowledging.level takes @Level(); got none',
      `Choosing.ackMode: ${mode} Choosing.order takes @Ack(); got 'batch'`,
    ]);
  });

  it('are known by their ids, and what is said of them is not wrong besides', async () => {
    const containers = { 'Billing.other': { concurrency: 2 }, 'Billing.otter': { concurrency: 2 } };
    const environment = { HEARKEN_CONTAINERS_BILLING_OTHER_MAX_POLL_RECORDS: '7' };
    assert.deepEqual(await startWith({ containers, environment }, Billing), [
      "Billing.other.concurency: is not an option; did you mean 'concurrency'?",
      "containers.Billing.otter: is the id of no listener; did you mean 'Billing.other'?",
      'Billing.on.topics: exactly one of topics, topicPattern and topicPartitions is needed, got none',
    ]);
  });

  it('may need what functions of the module cannot give: that is told with all else', async () => {
    const factories = {
      default: () => {
        throw new RangeError('no factory today');
      },
    };
    assert.deepEqual(await startWith({ factories }, Empty), [
      'factories.default: cannot be had from the container: RangeError: no factory today',
      'Empty.on.topics: exactly one of topics, topicPattern and topicPartitions is needed, got none',
      'Empty.on.groupId: is required, here or at the factory, unless topicPartitions are given',
    ]);
    const templates = { audit: factories.default };
    assert.deepEqual(await startWith({ templates }, Empty), [
      'templates.audit: cannot be made: RangeError: no factory today',
    ]);
  });

  it('are no classes where files import each other', () => {
    assert.throws(() => listenersModule(Billing, undefined as never), {
      code: 'INVALID_CONFIG',
      message: /classes\[1\]: must be a class, got undefined: do two files import each other\?/,
    });
  });
});
