import assert from 'node:assert/strict';
import type { ConsumerRebalanceListener, TopicPartition } from '@hearken/core';
import { Recorder, Signal } from '@hearken/testing';
import { Rebalance } from '../../dist/consumer/rebalance.js';
import type { AssignedPartition } from '../../dist/consumer/assigned-partition.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { aContext } from './support/context.js';

const at = (...partitions: readonly number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic: 'orders', partition }));

const numbers = (partitions: readonly TopicPartition[]): string => partitions.map(({ partition }) => partition).join();

interface Bundle {
  readonly rebalance: Rebalance;
  readonly subscription: SubscriptionState;
  readonly calls: Recorder<string>;
  /** Which partitions are active. */
  readonly active: () => string;
  readonly partition: (number: number) => AssignedPartition;
  readonly take: (...partitions: readonly number[]) => Promise<boolean>;
  /** Position look-ups wait for it. */
  looking: Promise<void>;
}

function setup(on: Partial<ConsumerRebalanceListener> = {}): Bundle {
  const subscription = new SubscriptionState(() => undefined);
  const calls = new Recorder<string>();
  const begin = async (partitions: readonly AssignedPartition[]): Promise<void> => {
    calls.record(`look up ${numbers(partitions)}`);
    await bundle.looking;
    for (const partition of partitions) partition.startAt(partition.partition * 100);
  };
  const rebalance = new Rebalance({
    context: aContext({ autoOffsetReset: 'earliest' }),
    subscription,
    positions: { begin },
    commits: { commit: () => Promise.resolve() },
    onGivingUp: () => calls.record('giving up'),
  });
  const note =
    (what: string, then: ((partitions: readonly TopicPartition[]) => Promise<void>) | undefined) =>
    async (partitions: readonly TopicPartition[]): Promise<void> => {
      calls.record(`${what} ${numbers(partitions)}`);
      await then?.(partitions);
    };
  rebalance.listener = {
    onPartitionsAssigned: note('assigned', on.onPartitionsAssigned),
    onPartitionsRevoked: note('revoked', on.onPartitionsRevoked),
    onPartitionsLost: note('lost', on.onPartitionsLost),
  };
  const bundle: Bundle = {
    rebalance,
    subscription,
    calls,
    looking: Promise.resolve(),
    active: () => numbers(subscription.partitions.filter(({ active }) => active)),
    partition: (number) => subscription.require({ topic: 'orders', partition: number }),
    take: (...partitions) => rebalance.take(at(...partitions), new AbortController().signal),
  };
  return bundle;
}

describe('Rebalance', () => {
  it('finds positions, tells the listener, then lets records through', async () => {
    const bundle = setup({
      onPartitionsAssigned: () => {
        assert.equal(bundle.partition(2).buffer?.position, 200);
        assert.equal(bundle.active(), '');
        return Promise.resolve();
      },
    });
    assert.equal(await bundle.take(1, 2), false);
    assert.deepEqual(bundle.calls.items, ['look up 1,2', 'assigned 1,2']);
    assert.equal(bundle.active(), '1,2');
  });

  it('leaves what stays as it is: the same object, position, buffer and pause, active all along', async () => {
    const watched: string[] = [];
    const bundle = setup({
      onPartitionsRevoked: () => Promise.resolve(void watched.push(bundle.active())),
      onPartitionsAssigned: () => Promise.resolve(void watched.push(bundle.active())),
    });
    await bundle.take(1, 2, 3);
    const [one, two] = [bundle.partition(1), bundle.partition(2)];
    one.startAt(77);
    two.paused = true;
    const { buffer } = one;
    assert.equal(await bundle.take(1, 2, 4), true);
    assert.ok(bundle.partition(1) === one && bundle.partition(2) === two);
    assert.ok(one.buffer === buffer && two.paused);
    assert.deepEqual(watched, ['', '1,2', '1,2']);
    assert.equal(bundle.active(), '1,2,4');
    assert.deepEqual(bundle.calls.items.slice(2), ['giving up', 'revoked 3', 'look up 4', 'assigned 4']);
  });

  it('tells of an assignment that brings nothing, too', async () => {
    const { calls, take } = setup();
    assert.equal(await take(), false);
    await take(1);
    assert.equal(await take(1), false);
    assert.deepEqual(calls.items.filter((call) => call.startsWith('assigned')), ['assigned ', 'assigned 1', 'assigned ']); // prettier-ignore
  });

  it('can still be asked about what is given up, until its listener is done', async () => {
    const gate = new Signal();
    const bundle = setup({ onPartitionsRevoked: () => gate.wait() });
    await bundle.take(1, 2);
    const taken = bundle.take(2);
    await bundle.calls.received(4);
    assert.deepEqual([bundle.partition(1).buffer?.position, bundle.active()], [100, '2']);
    assert.equal(numbers(bundle.rebalance.owned), '1,2');
    gate.fire();
    await taken;
    assert.deepEqual([numbers(bundle.rebalance.owned), numbers(bundle.subscription.partitions)], ['2', '2']);
  });

  it('drops what it was not told of yet when the next rebalance comes while positions are looked for', async () => {
    const bundle = setup();
    await bundle.take(1);
    bundle.looking = new Promise(() => undefined);
    const term = new AbortController();
    const taken = bundle.rebalance.take(at(1, 2), term.signal);
    await bundle.calls.received(3);
    term.abort();
    assert.equal(await taken, false);
    assert.deepEqual([numbers(bundle.rebalance.owned), bundle.active()], ['1', '1']);
    assert.equal(numbers(bundle.subscription.partitions), '1');
    bundle.looking = Promise.resolve();
    await bundle.take(1, 2);
    assert.deepEqual(bundle.calls.items.slice(-2), ['look up 2', 'assigned 2']);
  });

  it('gives up what has to go, and takes nothing new, when the next rebalance is there already', async () => {
    const bundle = setup();
    await bundle.take(1, 2);
    assert.equal(await bundle.rebalance.take(at(2, 3), AbortSignal.abort()), true);
    assert.deepEqual([bundle.calls.items.at(-1), numbers(bundle.rebalance.owned)], ['revoked 1', '2']);
  });

  it('lets go although the listener fails, and says so', async () => {
    const failure = new Error('the callback failed');
    const bundle = setup({ onPartitionsRevoked: () => Promise.reject(failure) });
    await bundle.take(1, 2);
    await assert.rejects(bundle.take(2), failure);
    assert.equal(numbers(bundle.rebalance.owned), '2');
    await assert.rejects(bundle.rebalance.revoke(), failure);
    assert.deepEqual([numbers(bundle.rebalance.owned), numbers(bundle.subscription.partitions)], ['', '']);
  });

  it('is told at once that all is lost while it takes its time to give something up, and awaited in both', async () => {
    const [gate, told] = [new Signal(), new Signal()];
    const bundle = setup({ onPartitionsRevoked: () => gate.wait(), onPartitionsLost: () => told.wait() });
    await bundle.take(1, 2);
    let ended = false;
    const term = new AbortController();
    const taken = bundle.rebalance.take(at(2), term.signal).then(() => (ended = true));
    await bundle.calls.received(4);
    term.abort();
    bundle.rebalance.evicted();
    bundle.rebalance.evicted();
    assert.equal(bundle.calls.items.at(-1), 'lost 1,2', 'what it keeps is lost with what it gives up');
    gate.fire();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    assert.equal(ended, false);
    told.fire();
    await taken;
    await bundle.rebalance.lose();
    assert.equal(bundle.calls.items.filter((call) => call.startsWith('lost')).length, 1);
    assert.deepEqual([numbers(bundle.rebalance.owned), numbers(bundle.subscription.partitions)], ['', '']);
  });

  it('fails with what a listener fails with that is told of a loss while it gives something up', async () => {
    const gate = new Signal();
    const failure = new Error('the callback failed');
    const lost = { onPartitionsLost: () => Promise.reject(failure) };
    const bundle = setup({ onPartitionsRevoked: () => gate.wait(), ...lost });
    await bundle.take(1, 2);
    const revoked = bundle.rebalance.revoke();
    bundle.rebalance.evicted();
    gate.fire();
    await assert.rejects(revoked, failure);
  });

  it('is not told twice of a loss outside of a revoke: whoever runs the membership tells it in its turn', async () => {
    const { rebalance, calls, take } = setup();
    await take(1);
    rebalance.evicted();
    assert.equal(calls.items.at(-1), 'assigned 1');
  });

  it('loses everything at once, and is told once', async () => {
    const bundle = setup();
    await bundle.take(1, 2);
    await bundle.rebalance.lose();
    await bundle.rebalance.lose();
    assert.deepEqual(bundle.calls.items.slice(2), ['lost 1,2']);
    assert.deepEqual(bundle.subscription.partitions, []);
  });
});
