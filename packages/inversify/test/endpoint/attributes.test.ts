import assert from 'node:assert/strict';
import { json } from '@hearken/core';
import { DefaultErrorHandler } from '@hearken/listener';
import { strictPolicy } from '@hearken/priority';
import { Container } from 'inversify';
import { KafkaListener } from '../../dist/index.js';
import { endpoint } from '../decorators/beans.js';

const CONCURRENCY = Symbol('concurrency');

class Retrying extends DefaultErrorHandler {}

describe('attributes of a listener', () => {
  it('may be tokens, classes, and functions of the container, asynchronous ones too', async () => {
    const container = new Container();
    container.bind(CONCURRENCY).toConstantValue(7);
    container.bind('group').toConstantValue('billing');
    container
      .bind(Retrying)
      .toDynamicValue(() => new Retrying())
      .inSingletonScope();
    class Billing {
      @KafkaListener({
        topics: async (beans) => [await beans.getAsync<string>('group')],
        groupId: (beans) => beans.get<string>('group'),
        concurrency: CONCURRENCY,
        errorHandler: Retrying,
        autoStartup: () => false,
        consumer: () => ({ maxPollRecords: 10 }),
      })
      on(): void {
        return;
      }
    }
    const { properties, autoStartup, consumer } = await endpoint(new Billing(), container);
    assert.deepEqual(properties, {
      topics: ['billing'],
      groupId: 'billing',
      concurrency: 7,
      errorHandler: container.get(Retrying),
    });
    assert.deepEqual([autoStartup, consumer], [false, { maxPollRecords: 10 }]);
  });

  it('whose values are functions are these, and their tokens are looked up', async () => {
    const filter = (): boolean => true;
    const onFatal = () => 'stop' as const;
    const policy = strictPolicy({ starvation: 'allow' });
    const METADATA = Symbol('metadata');
    const commitMetadata = (): string => 'text';
    const container = new Container();
    container.bind(METADATA).toConstantValue(commitMetadata);
    class Billing {
      @KafkaListener({ topics: ['orders'], filter, onFatal, policy, commitMetadata: METADATA })
      on(): void {
        return;
      }
    }
    const { properties } = await endpoint(new Billing(), container);
    assert.deepEqual(properties, { topics: ['orders'], filter, onFatal, policy, commitMetadata });
  });

  it('that are undefined were not written', async () => {
    const unset = { ackMode: undefined };
    class Billing {
      @KafkaListener({ topics: ['orders'], valueSerde: json(), groupId: () => undefined, ...(unset as object) })
      on(): void {
        return;
      }
    }
    const { properties } = await endpoint(new Billing());
    assert.deepEqual(Object.keys(properties), ['topics', 'valueSerde']);
  });
});
