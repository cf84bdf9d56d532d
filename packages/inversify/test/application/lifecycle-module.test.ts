import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { KafkaTemplate } from '@hearken/template';
import { Container, inject, injectable } from 'inversify';
import {
  BeanError,
  KafkaApplication,
  kafkaModule,
  KafkaListener,
  lifecycleModule,
  listenersModule,
  newTopic,
  startKafka,
  type Lifecycle,
} from '../../dist/index.js';
import { configFor, endpoint } from './support.js';

describe('beans that live with the application', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:1'] })));
  afterEach(() => kafka.reset());
  after(() => kafka.stop());

  it('take work in only while listeners can do it, and are let go last', async () => {
    const [told, begun, mayEnd] = [[] as string[], deferred(), deferred()];

    @injectable()
    class Desk implements Lifecycle {
      constructor(
        @inject(KafkaTemplate) readonly template: KafkaTemplate,
        @inject(KafkaApplication) readonly application: KafkaApplication,
      ) {}
      async start(): Promise<void> {
        assert.equal(this.application, app);
        told.push(`open, listeners ${app.registry.get('slow').state}`);
        await this.template.send('orders', 'o-1');
      }
      async stop(): Promise<void> {
        mayEnd.resolve();
        await this.template.send('orders', 'o-2'); // what was taken in at the last moment
        told.push(`closed, listeners ${app.registry.get('slow').state}`);
      }
    }

    const container = new Container();
    container.load(kafkaModule(configFor(kafka)), lifecycleModule(Desk));
    const listener = async (): Promise<void> => {
      begun.resolve();
      await mayEnd.promise;
    };
    const app = await startKafka(container, {
      signals: false,
      autoStart: false,
      endpoints: [endpoint('slow', { listener })],
    });
    await app.start();
    assert.equal(app.startReport.at(-1)?.step, 'start Desk');
    await begun.promise;
    const { steps, listeners } = await app.stop();
    assert.deepEqual(told, ['open, listeners running', 'closed, listeners running']);
    assert.deepEqual(steps.map(({ step }) => step).slice(0, 3), [
      'stop Desk',
      'stop listeners of phase 0',
      'flush templates',
    ]);
    assert.equal(listeners.get('slow')?.drained, true);
    assert.equal((await kafka.records('orders')).length, 2);
  });

  it('that do not start take the application down, and those after them were never asked', async () => {
    const told: string[] = [];

    @injectable()
    class Port implements Lifecycle {
      readonly phase = -1;
      start(): void {
        throw new RangeError('in use');
      }
      stop(): void {
        told.push('port stopped');
      }
    }
    @injectable()
    class Desk implements Lifecycle {
      stop(): void {
        told.push('desk stopped');
      }
    }

    const container = new Container();
    container.load(kafkaModule(configFor(kafka)), lifecycleModule(Port, Desk));
    await assert.rejects(startKafka(container, { signals: false, endpoints: [endpoint('never')] }), {
      code: 'BEAN_NOT_STARTED',
      message: 'the bean Port did not start: in use',
    });
    assert.deepEqual(told, ['port stopped']);
  });

  it('that do not stop are reported, and hold nothing else up', async () => {
    @injectable()
    class Desk implements Lifecycle {
      stop(): void {
        throw new RangeError('stuck');
      }
    }
    const container = new Container();
    container.load(kafkaModule(configFor(kafka)), lifecycleModule(Desk));
    const app = await startKafka(container, { signals: false });
    const { steps } = await app.stop();
    assert.deepEqual(
      steps.filter(({ outcome }) => outcome !== 'done').map(({ step }) => step),
      ['stop Desk'],
    );
    await assert.rejects(app.finished, /stop Desk failed: the bean Desk did not stop: stuck/);
  });

  it('and listeners that cannot be made are named, with the cause', async () => {
    const cause = new RangeError('no ledger today');
    const failing = (): never => {
      throw cause;
    };
    @injectable()
    class Ledger {
      readonly page = failing();
    }
    @injectable()
    class Billing {
      constructor(@inject(Ledger) readonly ledger: Ledger) {}
      @KafkaListener({ topics: ['orders'], groupId: 'g' })
      on(): void {
        return;
      }
      stop(): void {
        return;
      }
    }
    for (const module of [listenersModule(Billing), lifecycleModule(Billing)]) {
      const container = new Container();
      container.bind(Ledger).toSelf();
      container.load(kafkaModule(configFor(kafka)), module);
      await assert.rejects(startKafka(container, { signals: false }), (error: unknown) => {
        assert.ok(error instanceof BeanError, String(error));
        assert.deepEqual([error.code, error.bean, error.cause], ['BEAN_NOT_MADE', 'Billing', cause]);
        assert.equal(error.message, 'the bean Billing cannot be made: no ledger today');
        return true;
      });
    }
  });

  it('may send as they are made: their topics are there by then, as they were defined', async () => {
    @injectable()
    class Billing {
      readonly sent: Promise<unknown>;
      constructor(@inject(KafkaTemplate) template: KafkaTemplate) {
        this.sent = template.send('born', 'o-1', { partition: 6 });
      }
      @KafkaListener({ topics: ['orders'], groupId: 'g' })
      on(): void {
        return;
      }
    }
    const container = new Container();
    container.load(
      kafkaModule(configFor(kafka, { topics: [newTopic('born', { partitions: 7 })] })),
      listenersModule(Billing),
    );
    await using app = await startKafka(container, { signals: false });
    await container.get(Billing).sent;
    assert.equal((await kafka.records('born'))[0]?.partition, 6);
    assert.equal(app.state, 'running');
  });
});
