import assert from 'node:assert/strict';
import { Headers, json } from '@hearken/core';
import { KafkaTemplate } from '@hearken/template';
import { FakeProducerFactory } from '@hearken/testing';
import { Container } from 'inversify';
import { KafkaHandler, KafkaListener, Payload, SendTo } from '../../dist/index.js';
import { call, endpoint } from '../decorators/beans.js';

const topics = ['requests'];
const correlationId = Buffer.from([1, 2, 3]);
const request = (value: string) => ({
  key: 'k',
  value,
  headers: { kafka_correlationId: correlationId, kafka_replyTopic: 'asker' },
});

/** Templates as a module binds them, and what they sent. */
function templates() {
  const [main, audit] = [new FakeProducerFactory(), new FakeProducerFactory()];
  const container = new Container();
  const options = { valueSerde: json() };
  container.bind(KafkaTemplate).toConstantValue(new KafkaTemplate(main, options)).whenDefault();
  container.bind(KafkaTemplate).toConstantValue(new KafkaTemplate(audit, options)).whenNamed('audit');
  const sent = ({ producer }: FakeProducerFactory) =>
    producer.sent.items.map(({ topic, key, value }) => [topic, String(key), String(value)]);
  return { container, main: () => sent(main), audit: () => sent(audit), producer: () => main.producer };
}

describe('@SendTo', () => {
  it('answers with what the method returns, with the key and the correlation id of the request', async () => {
    const { container, main, producer } = templates();
    class Quotes {
      @KafkaListener({ topics })
      @SendTo('replies')
      on(@Payload() value: Buffer): string {
        return `quote for ${value.toString()}`;
      }
    }
    await call(await endpoint(new Quotes(), container), request('a'));
    assert.deepEqual(main(), [['replies', 'k', '"quote for a"']]);
    assert.deepEqual(Headers.from(producer().sent.items[0]?.headers).get('kafka_correlationId'), correlationId);
  });

  it('without a topic answers to where the request wants it; undefined is no answer', async () => {
    const { container, main } = templates();
    class Quotes {
      @KafkaListener({ topics })
      @SendTo()
      async on(@Payload() value: Buffer): Promise<unknown> {
        const text = await Promise.resolve(value.toString());
        return text === 'nothing' ? undefined : { text };
      }
    }
    const listener = await endpoint(new Quotes(), container);
    for (const value of ['a', 'nothing', 'b']) await call(listener, request(value));
    assert.deepEqual(main(), [
      ['asker', 'k', '{"text":"a"}'],
      ['asker', 'k', '{"text":"b"}'],
    ]);
  });

  it('may name its template, and have its topic looked up', async () => {
    const { container, audit } = templates();
    const TOPIC = Symbol('topic');
    container.bind(TOPIC).toConstantValue('looked-up');
    class Quotes {
      @KafkaListener({ topics })
      @SendTo(TOPIC, { template: 'audit' })
      on(): number {
        return 7;
      }
    }
    await call(await endpoint(new Quotes(), container), request('a'));
    assert.deepEqual(audit(), [['looked-up', 'k', '7']]);
  });

  it("is each handler's own", async () => {
    const { container, main } = templates();
    @KafkaListener({ topics, discriminator: 'type' })
    class Quotes {
      @KafkaHandler('a')
      @SendTo('as')
      a(): string {
        return 'a';
      }
      @KafkaHandler({ isDefault: true })
      other(): string {
        return 'nobody is told';
      }
    }
    const listener = await endpoint(new Quotes(), container);
    for (const type of ['a', 'b']) await call(listener, { key: 'k', headers: { type } });
    assert.deepEqual(main(), [['as', 'k', '"a"']]);
  });

  it('fails the record if the method or the reply does', async () => {
    const { container } = templates();
    class Quotes {
      @KafkaListener({ topics })
      @SendTo()
      on(@Payload() value: Buffer): string {
        if (value.toString() === 'fail') throw new RangeError('no such customer');
        return 'a reply';
      }
    }
    const listener = await endpoint(new Quotes(), container);
    await assert.rejects(Promise.resolve(call(listener, request('fail'))), new RangeError('no such customer'));
    await assert.rejects(Promise.resolve(call(listener, { value: 'no reply topic' })), { code: 'NO_REPLY_TOPIC' });
  });
});
