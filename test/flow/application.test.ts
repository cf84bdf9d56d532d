import assert from 'node:assert/strict';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import {
  KafkaListener,
  kafkaModule,
  listenersModule,
  newTopic,
  Payload,
  startKafka,
  type KafkaApplication,
} from '@hearken/inversify';
import { Recorder } from '@hearken/testing';
import { KafkaAdmin, KafkaTemplate, silentLogger, string } from 'hearken';
import { Container, inject, injectable, named } from 'inversify';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const RECORDS = 60;
const BEFORE_THE_STOP = 20;

describeWithKafka('an application', function () {
  this.timeout(300_000);

  it('stops in the middle of its work, and the next one goes on there: nothing lost, nothing doubled', async () => {
    const [topic, groupId] = [uniqueName('application'), uniqueName('group')];
    const here = { brokers: bootstrapServers(), clientId: 'application' };
    const there = await EmbeddedKafka.start({ topics: ['audit:1'] });
    const processed = new Recorder<string>();

    @injectable()
    class Database {
      #isOpen = true;
      readonly close = (): void => void (this.#isOpen = false);

      async save(value: string): Promise<void> {
        await new Promise(setImmediate);
        assert.ok(this.#isOpen, 'closed while a listener ran');
        processed.record(value);
      }
    }

    @injectable()
    class Billing {
      constructor(
        @inject(Database) readonly database: Database,
        @inject(KafkaTemplate) @named('audit') readonly audit: KafkaTemplate<string, string>,
      ) {}

      @KafkaListener({ id: 'billing', topics: [topic], groupId })
      async on(@Payload() value: string): Promise<void> {
        await this.database.save(value);
        await this.audit.sendDefault(value);
      }
    }

    const start = async (): Promise<{ app: KafkaApplication; container: Container }> => {
      const container = new Container();
      container
        .bind(Database)
        .toSelf()
        .inSingletonScope()
        .onDeactivation((database) => database.close());
      await container.loadAsync(
        kafkaModule(() =>
          Promise.resolve({
            clusters: { default: here, there: { brokers: there.brokers } },
            consumer: { autoOffsetReset: 'earliest' as const },
            templates: { audit: { cluster: 'there', defaultTopic: 'audit' } },
            factories: { default: { valueSerde: string() } },
            containers: { billing: { concurrency: 2 } },
            topics: [newTopic(topic, { partitions: 3, config: { 'min.insync.replicas': 1 } })],
            admin: { onDifference: 'fail' as const },
            environment: { HEARKEN_CONTAINERS_BILLING_CONCURRENCY: '3' },
            logger: silentLogger,
          }),
        ),
        listenersModule(Billing),
      );
      return { app: await startKafka(container, { signals: false }), container };
    };

    try {
      const first = await start();
      assert.equal(first.app.registry.get('billing').setting('concurrency'), 3);
      const template = first.container.get<KafkaTemplate<string, string>>(KafkaTemplate);
      const values = Array.from({ length: RECORDS }, (_, i) => `o-${i}`);
      const sent = values.map((value, i) => template.send(topic, value, { partition: i % 3 }));
      await Promise.all([...sent, processed.received(BEFORE_THE_STOP)]);
      const { steps, listeners } = await first.app.stop();
      assert.deepEqual(
        steps.filter(({ outcome }) => outcome !== 'done'),
        [],
      );
      assert.equal(listeners.get('billing')?.drained, true);
      const before = processed.items.length;

      const second = await start();
      await processed.received(RECORDS);
      await second.app.stop();
      assert.deepEqual([...processed.items].sort(), [...values].sort());
      assert.ok(before >= BEFORE_THE_STOP);
      const audited = (await there.records('audit')).map(({ value }) => String(value));
      assert.deepEqual(audited.sort(), [...values].sort());
    } finally {
      await using admin = new KafkaAdmin(here);
      const settings = await admin.topicConfigs([topic]);
      assert.equal(settings.get(topic)?.['min.insync.replicas'], '1');
      await admin.deleteTopics([topic]);
      await there.stop();
    }
  });
});
