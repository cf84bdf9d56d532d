import assert from 'node:assert/strict';
import { silentLogger, string } from '@hearken/core';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { KafkaTemplate } from '@hearken/template';
import { Recorder } from '@hearken/testing';
import { Container, inject, injectable } from 'inversify';
import {
  KafkaListener,
  kafkaModule,
  listenersModule,
  Payload,
  startKafka,
  type KafkaModuleConfig,
} from '../../dist/index.js';

const consumer = { autoOffsetReset: 'earliest' } as const;

describe('startKafka', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:2', 'audit:1', 'slow:1'] })));
  after(() => kafka.stop());

  const config = (rest: Partial<KafkaModuleConfig> = {}): KafkaModuleConfig => ({
    clusters: { default: { brokers: kafka.brokers } },
    consumer,
    factories: { default: { valueSerde: string() } },
    environment: {},
    logger: silentLogger,
    ...rest,
  });

  it('listens with what beans were decorated with, and stops before they go', async () => {
    const seen = new Recorder<string>();
    const told: string[] = [];

    @injectable()
    class Database {
      isOpen = true;
      save(value: string): void {
        assert.ok(this.isOpen, 'the database was closed while its listener ran');
        seen.record(value);
      }
    }

    @injectable()
    class Billing {
      constructor(
        @inject(Database) readonly database: Database,
        @inject(KafkaTemplate) readonly template: KafkaTemplate,
      ) {}

      @KafkaListener({ id: 'billing', topics: ['orders'], groupId: 'billing' })
      async on(@Payload() value: string): Promise<void> {
        this.database.save(value);
        await this.template.send('audit', `billed ${value}`);
      }
    }

    const container = new Container();
    container
      .bind(Database)
      .toSelf()
      .inSingletonScope()
      .onDeactivation((database) => {
        database.isOpen = false;
        told.push('database closed');
      });
    container.load(kafkaModule(config()), listenersModule(Billing));
    const app = await startKafka(container, { signals: false });
    assert.equal(app.state, 'running');
    assert.equal(app.health().status, 'up');
    await container.get(KafkaTemplate).send('orders', 'o-1');
    await seen.received(1);
    const { steps, listeners } = await app.stop();
    told.push('stopped');
    assert.deepEqual(
      steps.map(({ step, outcome }) => `${step}: ${outcome}`),
      [
        'stop listeners of phase 0: done',
        'flush templates: done',
        'close producers: done',
        'close admin clients: done',
        'let go of beans: done',
      ],
    );
    assert.equal(listeners.get('billing')?.drained, true);
    assert.deepEqual(told, ['database closed', 'stopped']);
    await app.finished;
    const audit = await kafka.records('audit');
    assert.deepEqual(
      audit.map(({ value }) => String(value)),
      ['billed o-1'],
    );
  });
});
