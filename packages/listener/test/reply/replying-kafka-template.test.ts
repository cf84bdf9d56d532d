import assert from 'node:assert/strict';
import { Headers, isKafkaError, json, KafkaError, type ConsumerRecord } from '@hearken/core';
import {
  eventLoopTurn,
  FakeConsumerFactory,
  FakeLog,
  FakeProducerFactory,
  ManualClock,
  RecordingLogger,
} from '@hearken/testing';
import { SendError } from '@hearken/template';
import {
  failureReplyTo,
  KafkaHeaders,
  ReplyFailedError,
  ReplyingKafkaTemplate,
  replyTo,
  type RepliesOptions,
} from '../../dist/index.js';
import { tp, until } from '../setup.js';

interface Setup {
  readonly template: ReplyingKafkaTemplate<string, string, Buffer | null, number>;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly producers: FakeProducerFactory;
  readonly consumers: FakeConsumerFactory;
  readonly log: FakeLog;
}

const REPLIES = [tp(0, 'replies'), tp(1, 'replies')];

function setup(replies: Partial<RepliesOptions<Buffer | null, number>> = {}, log = new FakeLog()): Setup {
  const [clock, logger, producers] = [new ManualClock(), new RecordingLogger(), new FakeProducerFactory({ log })];
  const consumers = new FakeConsumerFactory({ clock, log, assignOnSubscribe: REPLIES });
  const template = new ReplyingKafkaTemplate<string, string, Buffer | null, number>(producers, consumers, {
    replies: { topic: 'replies', valueSerde: json<number>(), ...replies },
    clock,
    logger,
  });
  return { template, clock, logger, producers, consumers, log };
}

/** The request at this place, as its responder gets it. */
async function request(log: FakeLog, offset = 0): Promise<ConsumerRecord> {
  await until(() => log.records('prices', 0).length > offset);
  const record = log.records('prices', 0)[offset];
  assert.ok(record !== undefined);
  return record;
}

const answer = (log: FakeLog, to: ConsumerRecord, value: unknown): void => {
  const { headers, ...reply } = replyTo(to, Buffer.from(JSON.stringify(value)));
  log.append(reply.topic, reply.partition ?? 0, { ...reply, headers: Headers.from(headers) });
};

const codeOf = (error: unknown): unknown => isKafkaError(error) && error.code;

describe('ReplyingKafkaTemplate', () => {
  it('resolves with the reply to each request, in whatever order replies come', async () => {
    const { template, log } = setup();
    const asked = [template.sendAndReceive('prices', 'tea', { key: 'k' }), template.sendAndReceive('prices', 'rum')];
    const [tea, rum] = [await request(log), await request(log, 1)];
    answer(log, rum, 2);
    answer(log, tea, 1);
    assert.deepEqual(
      (await Promise.all(asked)).map(({ value }) => value),
      [1, 2],
    );
    assert.equal(template.pendingReplies, 0);
    await template.close();
  });

  it("writes Spring's headers beside the caller's own: 16 bytes of an id, and the topic to answer to", async () => {
    const { template, log } = setup();
    const asked = template.sendAndReceive('prices', 'tea', { headers: { trace: 'abc' } });
    const { headers } = await request(log);
    assert.equal(headers.get('kafka_correlationId')?.length, 16);
    assert.deepEqual([headers.string('kafka_replyTopic'), headers.string('trace')], ['replies', 'abc']);
    answer(log, await request(log), 1);
    await asked;
    await template.close();
  });

  it('keeps a reply topic and partition that the caller names', async () => {
    const { template, log } = setup();
    const partition = Buffer.from([0, 0, 0, 1]);
    const headers = { [KafkaHeaders.REPLY_TOPIC]: 'replies', [KafkaHeaders.REPLY_PARTITION]: partition };
    const asked = template.sendAndReceive('prices', 'tea', { headers });
    answer(log, await request(log), 1);
    assert.equal((await asked).partition, 1);
    await template.close();
  });

  it('reads from where the topic ends when it starts, in a group that nobody else has', async () => {
    const log = new FakeLog();
    log.append('replies', 0, { value: 'of yesterday' });
    const [one, other] = [setup({}, log), setup({ groupPrefix: 'shop' }, log)];
    await Promise.all([one.template.start(), other.template.start()]);
    const groups = [one, other].map(({ consumers }) => consumers.overrides[0]?.groupId ?? '');
    assert.match(groups[0] ?? '', /^replies-[0-9a-f-]{36}$/u);
    assert.match(groups[1] ?? '', /^shop-[0-9a-f-]{36}$/u);
    const asked = one.template.sendAndReceive('prices', 'tea');
    answer(log, await request(log), 1);
    await asked;
    await until(() => other.template.unmatchedReplies === 1);
    assert.equal(one.template.unmatchedReplies, 0, 'what was there before is not read');
    await Promise.all([one.template.close(), other.template.close()]);
  });

  it('reads what is there where its place in a topic is lost, whatever listeners do then', async () => {
    const { template, consumers } = setup();
    await template.start();
    assert.equal(consumers.overrides[0]?.autoOffsetReset, 'earliest');
    await template.close();
  });

  it('reads a partition that was added from its beginning, and one that comes back from where it was', async () => {
    const { template, consumers, log } = setup();
    await template.start();
    log.append('replies', 2, { value: 'early' });
    await consumers.consumer.rebalance({ assign: [tp(2, 'replies')] });
    await until(() => template.unmatchedReplies === 1);
    await consumers.consumer.rebalance({ revoke: REPLIES });
    await consumers.consumer.rebalance({ assign: REPLIES });
    log.append('replies', 0, { value: 'late' });
    await until(() => template.unmatchedReplies === 2);
    await template.close();
  });

  it('does not wait for who leads a partition that was added: only where it begins to read it seeks', async () => {
    const { template, consumers, log } = setup();
    await template.start();
    const { consumer } = consumers;
    consumer.beginningOffsets = consumer.endOffsets = () => new Promise(() => undefined);
    await consumer.rebalance({ assign: [tp(2, 'replies')] });
    log.append('replies', 2, { value: 'early' });
    await until(() => template.unmatchedReplies === 1);
    await template.close();
  });

  it('rejects what is not answered in time; a reply that comes then is counted, and logged at debug only', async () => {
    const { template, clock, log, logger } = setup({ timeoutMs: 100 });
    await template.start();
    const asked = template.sendAndReceive('prices', 'tea');
    const patient = template.sendAndReceive('prices', 'rum', { timeoutMs: 200 });
    const [late, inTime] = [await request(log), await request(log, 1)];
    clock.advance(100);
    await assert.rejects(asked, (error) => codeOf(error) === 'REPLY_TIMED_OUT');
    answer(log, late, 1);
    answer(log, inTime, 2);
    assert.equal((await patient).value, 2);
    assert.equal(template.unmatchedReplies, 1);
    assert.deepEqual(
      logger.entries.items.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
    await template.close();
  });

  it('rejects with the reason of a signal, before and while it waits', async () => {
    const { template, log } = setup();
    const reason = new Error('enough');
    await assert.rejects(template.sendAndReceive('prices', 'a', { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const asked = template.sendAndReceive('prices', 'tea', { signal: controller.signal });
    await request(log);
    controller.abort(reason);
    await assert.rejects(asked, reason);
    assert.equal(template.pendingReplies, 0);
    await template.close();
  });

  it('rejects what waits when it is closed, and what comes then', async () => {
    const { template, log } = setup();
    const asked = template.sendAndReceive('prices', 'tea');
    await request(log);
    const closing = template.close();
    await assert.rejects(asked, (error) => codeOf(error) === 'TEMPLATE_CLOSED');
    await closing;
    await assert.rejects(template.sendAndReceive('prices', 'tea'), (error) => codeOf(error) === 'TEMPLATE_CLOSED');
    await assert.rejects(template.start(), (error) => codeOf(error) === 'TEMPLATE_CLOSED');
  });

  it('rejects with what the request could not be sent for', async () => {
    const { template, producers } = setup();
    await template.send('prices', 'first');
    producers.producer.failSends(new KafkaError('no', { code: 'NO' }));
    await assert.rejects(template.sendAndReceive('prices', 'tea'), (error) => codeOf(error) === 'NO');
    assert.equal(template.pendingReplies, 0);
    await template.close();
  });

  it('rejects all that waits when replies can no longer be read', async () => {
    const { template, consumers, log } = setup();
    const asked = template.sendAndReceive('prices', 'tea');
    await request(log);
    consumers.consumer.fail(new KafkaError('fenced', { code: 'FENCED' }));
    await assert.rejects(asked, (error) => codeOf(error) === 'FENCED');
    await assert.rejects(template.sendAndReceive('prices', 'tea'), (error) => codeOf(error) === 'FENCED');
    await template.close();
  });

  it('rejects once, and leaves nothing to wait, where headers cannot be written', async () => {
    const { template, clock } = setup({ timeoutMs: 100 });
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const refused = template.sendAndReceive('prices', 'tea', { headers: { bad: 7 as never } });
    await assert.rejects(refused, (error) => error instanceof SendError && error.code === 'INVALID_RECORD');
    assert.equal(template.pendingReplies, 0);
    clock.advance(100);
    await eventLoopTurn();
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
    await template.close();
  });

  it('refuses what is no options: a key in their place would be lost', async () => {
    const { template } = setup();
    for (const wrong of ['key', null])
      await assert.rejects(
        template.sendAndReceive('prices', 'tea', wrong as never),
        (error) => error instanceof SendError && error.code === 'INVALID_RECORD',
      );
    await template.close();
  });

  it('does not send a request that nobody waits for any more', async () => {
    const { template, log, clock } = setup({ timeoutMs: 100 });
    const late = template.sendAndReceive('prices', 'tea'); // starts the container first
    clock.advance(100);
    await assert.rejects(late, (error) => codeOf(error) === 'REPLY_TIMED_OUT');
    await template.start();
    const asked = template.sendAndReceive('prices', 'rum');
    const only = await request(log);
    answer(log, only, 1);
    await asked;
    assert.equal(log.records('prices', 0).length, 1);
    await template.close();
  });

  it('waits for no more requests than it may', async () => {
    const { template, log } = setup({ maxPending: 1 });
    const asked = template.sendAndReceive('prices', 'tea');
    await assert.rejects(
      template.sendAndReceive('prices', 'rum'),
      (error) => codeOf(error) === 'TOO_MANY_PENDING_REPLIES',
    );
    answer(log, await request(log), 1);
    await asked;
    await template.close();
  });

  it('rejects with what a reply of ours says that its request failed with', async () => {
    const { template, log } = setup();
    const asked = template.sendAndReceive('prices', 'tea');
    const to = await request(log);
    const { topic, headers } = failureReplyTo(to, new KafkaError('sold out', { code: 'SOLD_OUT' }));
    log.append(topic, 0, { value: null, headers: Headers.from(headers) });
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof ReplyFailedError);
      assert.deepEqual([error.code, error.message, error.reply.topic], ['SOLD_OUT', 'sold out', 'replies']);
      return true;
    });
    await template.close();
  });

  it('rejects with what the error checker makes of a reply, and for one that cannot be decoded', async () => {
    const negative = new Error('negative');
    const { template, log } = setup({ errorChecker: ({ value }) => (value < 0 ? negative : undefined) });
    const asked = [template.sendAndReceive('prices', 'tea'), template.sendAndReceive('prices', 'rum')] as const;
    answer(log, await request(log), -1);
    await assert.rejects(asked[0], negative);
    const { headers, topic } = replyTo(await request(log, 1), null);
    log.append(topic, 0, { value: 'no number', headers: Headers.from(headers) });
    await assert.rejects(asked[1], (error) => codeOf(error) === 'DESERIALIZATION_FAILED');
    await template.close();
  });

  it('names everything wrong with its options', () => {
    const [producers, consumers] = [new FakeProducerFactory(), new FakeConsumerFactory()];
    const make = (options: object): unknown =>
      new ReplyingKafkaTemplate(producers, consumers, options as { replies: RepliesOptions });
    assert.throws(() => make({}), /replies\.topic/u);
    assert.throws(
      () => make({ replies: { topic: 'r', timeoutMs: 0, maxPendng: 1 } }),
      /did you mean 'maxPending'.*timeoutMs/su,
    );
    assert.throws(() => make({ replies: { topic: 'r' }, valueSerd: 1 }), /valueSerde/u);
  });
});

describe('replyTo', () => {
  const log = new FakeLog();
  const asked = (headers: Record<string, Buffer | string>): ConsumerRecord => {
    const [record] = log.append('prices', 0, { key: 'k', value: 'v', headers: Headers.from(headers) });
    assert.ok(record !== undefined);
    return record;
  };

  it('goes where the request says, with its key and its id', () => {
    const id = Buffer.alloc(16, 7);
    const reply = replyTo(
      asked({ kafka_correlationId: id, kafka_replyTopic: 'r', kafka_replyPartition: int32(3) }),
      'x',
    );
    assert.deepEqual([reply.topic, reply.partition, reply.value, String(reply.key)], ['r', 3, 'x', 'k']);
    assert.deepEqual(Headers.from(reply.headers).get('kafka_correlationId'), id);
  });

  it('goes to the topic it is given, or nowhere without one; a partition that is none is left out', () => {
    assert.equal(replyTo(asked({ kafka_replyTopic: 'r' }), 'x', 'mine').topic, 'mine');
    assert.throws(() => replyTo(asked({}), 'x'), /kafka_replyTopic/u);
    for (const bytes of [int32(-1), Buffer.from('3')]) {
      const reply = replyTo(asked({ kafka_replyTopic: 'r', kafka_replyPartition: bytes }), 'x');
      assert.equal('partition' in reply, false);
    }
  });
});

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
