import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { setup, started, until, type Call } from './setup.js';

describe('PriorityListenerContainer: stopped at an odd moment', () => {
  it('is stopped before it starts, and does not start meanwhile', async () => {
    const { container, factory } = setup();
    const stopping = container.stop();
    await assert.rejects(container.start(), { code: 'ILLEGAL_STATE' });
    assert.deepEqual(await stopping, { drained: true, abandoned: 0, committed: [] });
    await container.finished;
    assert.deepEqual([container.state, factory.overrides.length], ['stopped', 0]);
  });

  it('is stopped while it starts, which is no failure', async () => {
    const { container, logger } = setup();
    const starting = assert.rejects(container.start(), { code: 'CONTAINER_STOPPED' });
    await container.stop();
    await starting;
    await container.finished;
    assert.equal(container.state, 'stopped');
    assert.deepEqual(logger.at('error'), []);
  });

  it('is stopped by who is told that it is stopping, with the same report', async () => {
    const { container } = setup();
    const again: unknown[] = [];
    container.on('state:changed', ({ next }) => {
      if (next === 'stopping') again.push(container.stop());
    });
    await container.start();
    const stopping = container.stop();
    assert.deepEqual(again, [stopping]);
    await Promise.all([stopping, ...again, container.finished]);
  });

  it('is started by who is told that it is starting: the same start', async () => {
    const { container } = setup();
    const again: unknown[] = [];
    container.on('state:changed', ({ next }) => {
      if (next === 'starting') again.push(container.start());
    });
    const starting = container.start();
    assert.deepEqual(again, [starting]);
    await starting;
    await container.stop();
  });

  it('does not wait for what finds no slot, as the listener that stops its level has the only one', async () => {
    const properties = { capacity: 1, ordering: 'key', ackMode: 'record', syncCommits: true } as const;
    const { container, consumer, log, listener, committed } = await started({ partitions: 1, ...properties });
    const letCommits = consumer(2).holdCommits();
    log.append('t-2', 0, { key: 'a' }, { key: 'a' }, { key: 'b' });
    (await listener.call('2:0/0')).end();
    const asking = await listener.call('2:0/2');
    letCommits(); // 1 could start from now on
    await until(() => committed(2, 0) === 1);
    await eventLoopTurn();
    await asking.context.container.stop();
    asking.end();
    await container.stop();
    assert.deepEqual([listener.order, committed(2, 0)], ['22', 1]);
  });

  it('does not wait for what finds no slot, as listeners of several levels have them all, each of which stops its level', async () => {
    const properties = { capacity: 2, ordering: 'key', ackMode: 'record', syncCommits: true } as const;
    const { container, consumer, log, listener, committed } = await started({ partitions: 1, ...properties });
    const asking: Call[] = [];
    const letCommits: (() => void)[] = [];
    for (const level of [2, 1]) {
      letCommits.push(consumer(level).holdCommits());
      log.append(`t-${level}`, 0, { key: 'a' }, { key: 'a' }, { key: 'b' });
      (await listener.call(`${level}:0/0`)).end();
      asking.push(await listener.call(`${level}:0/2`));
    }
    for (const letCommit of letCommits) letCommit(); // 1 of both could start from now on
    await until(() => committed(2, 0) === 1 && committed(1, 0) === 1);
    await eventLoopTurn();
    for (const { context, end } of asking) void context.container.stop().then(end);
    (await listener.call('1:0/1')).end(); // one of them gave up: its slot is the other's
    await container.stop();
    assert.deepEqual([listener.order, committed(2, 0), committed(1, 0)], ['22111', 1, 2]);
  });

  it('says why, with the level, when a level fails', async () => {
    const { container, factory } = setup();
    factory.createConsumer = () => {
      throw new KafkaConfigError('the consumer', [{ path: 'rack', message: 'is unknown' }]);
    };
    await assert.rejects(container.start(), { code: 'LEVEL_FAILED', message: /^level \d failed: .*rack: is unknown/s });
    assert.match(container.explain(1).waitsFor[0]?.message ?? '', /^the container failed: .*rack/s);
  });

  it('knows its own events where a name is misspelt', async () => {
    const { container } = setup();
    const on = (name: string, listener?: () => void) => () =>
      container.on(name as 'listener:returned', listener as never);
    assert.throws(
      on('level:starvd', () => undefined),
      /event: is none.* did you mean 'level:starved'/,
    );
    assert.throws(on('container:idle'), /listener: is required/);
    await container.stop();
  });
});
