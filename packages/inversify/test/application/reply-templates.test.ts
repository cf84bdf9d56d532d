import assert from 'node:assert/strict';
import { json, type Bytes } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { ReplyingKafkaTemplate, replyTo } from '@hearken/listener';
import { KafkaTemplate } from '@hearken/template';
import { Container } from 'inversify';
import {
  kafkaModule,
  startKafka,
  type KafkaApplication,
  type KafkaListenerEndpoint,
  type KafkaModuleConfig,
} from '../../dist/index.js';
import { configFor, endpoint } from './support.js';

type Asking = ReplyingKafkaTemplate<string, number, Bytes, number>;

const replies = { topic: 'replies', valueSerde: json<number>(), timeoutMs: 60_000 };
const ask = { valueSerde: json<number>(), replies };

describe('a template that asks', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:1', 'prices:1', 'replies:2'] })));
  afterEach(() => kafka.reset());
  after(() => kafka.stop());

  /** Doubles what it is asked. */
  const pricing = (container: Container, rest: Partial<KafkaListenerEndpoint> = {}): KafkaListenerEndpoint =>
    endpoint('pricing', {
      listener: (request) =>
        container
          .get<KafkaTemplate<unknown, unknown>>(KafkaTemplate)
          .send(replyTo(request, String(Number(request.value) * 2))),
      ...rest,
      properties: { topics: ['prices'], groupId: 'pricing' },
    });

  async function start(
    container: Container,
    endpoints: readonly KafkaListenerEndpoint[],
    config: Partial<KafkaModuleConfig> = {},
  ): Promise<KafkaApplication> {
    container.load(kafkaModule(configFor(kafka, { templates: { ask }, ...config })));
    return startKafka(container, { signals: false, endpoints });
  }

  it('is injected by its class, and by name as what it also is; without one it is the only one', async () => {
    const container = new Container();
    await using app = await start(container, [pricing(container)]);
    const asking = container.get<Asking>(ReplyingKafkaTemplate);
    assert.equal(container.get(ReplyingKafkaTemplate, { name: 'ask' }), asking);
    assert.equal(container.get(KafkaTemplate, { name: 'ask' }), asking);
    assert.notEqual(container.get(KafkaTemplate), asking);
    assert.equal((await asking.sendAndReceive('prices', 21)).value, 42);
    assert.equal(app.state, 'running');
  });

  it('reads replies before the first listener runs, and until the last has ended', async () => {
    const container = new Container();
    const [asked, mayAnswer, answers] = [deferred(), deferred(), [] as (number | null)[]];
    const billing = endpoint('billing', {
      phase: 1, // stops while the pricing of phase 0 still answers
      listener: async () => {
        const reply = container.get<Asking>(ReplyingKafkaTemplate).sendAndReceive('prices', 4);
        asked.resolve();
        await mayAnswer.promise;
        answers.push((await reply).value);
      },
    });
    const app = await start(container, [pricing(container), billing]);
    assert.deepEqual(app.startReport.map(({ step }) => step).slice(-3), [
      'read replies',
      'start listeners of phase 0',
      'start listeners of phase 1',
    ]);
    await container.get<KafkaTemplate>(KafkaTemplate).send('orders', 'o-1');
    await asked.promise;
    const stopping = app.stop();
    mayAnswer.resolve();
    const { steps, listeners } = await stopping;
    assert.deepEqual(answers, [8]);
    assert.equal(listeners.get('billing')?.drained, true);
    assert.ok(steps.every(({ outcome }) => outcome === 'done'));
    const groups = await kafka.groups();
    const members = groups.filter(({ groupId }) => groupId.startsWith('replies-')).flatMap((group) => group.members);
    assert.deepEqual(members, [], 'it has left its group');
  });

  it('that cannot read them is a start that fails, and says what is missing', async () => {
    const templates = { ask: { replies: { topic: 'repplies' } } };
    await assert.rejects(start(new Container(), [], { templates }), {
      code: 'TEMPLATE_NOT_STARTED',
      message: /^the template 'ask', which reads replies, did not start: .*repplies/,
    });
  });

  it('that can no longer read them ends the application', async () => {
    const container = new Container();
    const app = await start(container, []);
    await kafka.faults.on({ api: 'Fetch', topic: 'replies' }).error('TOPIC_AUTHORIZATION_FAILED');
    await assert.rejects(app.finished, (error: Error & { code?: string; template?: string }) => {
      assert.deepEqual([error.code, error.template], ['TEMPLATE_FAILED', 'ask']);
      return true;
    });
    assert.equal(app.health().live, false);
  });

  it('is configured by the environment, and its problems are told where they were written', async () => {
    const container = new Container();
    const environment = {
      HEARKEN_TEMPLATES_ASK_REPLIES_TIMEOUT_MS: '1',
      HEARKEN_TEMPLATES_ASK_REPLIES_MAX_PENDING: '1',
    };
    await using app = await start(container, [], { environment });
    const asking = container.get<Asking>(ReplyingKafkaTemplate);
    await assert.rejects(asking.sendAndReceive('prices', 1), { code: 'REPLY_TIMED_OUT', message: /\b1 ms/ });
    assert.equal(app.state, 'running');
    const wrong: Record<string, Partial<KafkaModuleConfig>> = {
      'templates.ask.replies.topc': { templates: { ask: { replies: { topc: 'replies' } as never } } },
      'templates.ask.replies': { templates: { ask: { ...ask, levels: 2 } } },
      'templates.ask.consumer': { templates: { ask: { consumer: { maxPollRecords: 1 } } } },
      'templates.ask.consumer.maxPollRecords': { templates: { ask: { ...ask, consumer: { maxPollRecords: 0 } } } },
      HEARKEN_TEMPLATES_ASK_REPLIES_TIMEOUT_MS: { environment: { HEARKEN_TEMPLATES_ASK_REPLIES_TIMEOUT_MS: '-1' } },
    };
    for (const [path, config] of Object.entries(wrong))
      await assert.rejects(
        start(new Container(), [], config),
        (error: Error & { problems?: readonly { path: string }[] }) => {
          assert.ok(
            error.problems?.some((problem) => problem.path === path),
            `${path}: ${error.message}`,
          );
          return true;
        },
      );
  });

  it('may be the default one, and is then what listeners answer by too', async () => {
    const container = new Container();
    await using app = await start(container, [pricing(container)], { templates: { default: ask } });
    const asking = container.get<Asking>(ReplyingKafkaTemplate);
    assert.equal(container.get(KafkaTemplate), asking);
    assert.deepEqual((await asking.sendAndReceive('prices', 5)).value, '10' as never);
    assert.equal(app.state, 'running');
  });
});
