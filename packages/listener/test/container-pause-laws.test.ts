import assert from 'node:assert/strict';
import type { TopicPartition } from '@hearken/core';
import { eventLoopTurn, FakeTaskExecutor } from '@hearken/testing';
import fc from 'fast-check';
import type { PartitionTarget } from '../dist/index.js';
import { addsUp, keyed, setup, tp, type Bundle } from './setup.js';

const EVERY = [tp(0), tp(1), tp(0, 'u')];
const SLOTS = 3;

type Step =
  | { do: 'pause' | 'resume'; targets: readonly PartitionTarget[] | undefined }
  | { do: 'assign' | 'revoke' | 'lose' | 'seek' | 'give'; at: TopicPartition }
  | { do: 'open' | 'shut' };

const at = fc.constantFrom(...EVERY);
const targets = fc.option(fc.array(fc.oneof(fc.constantFrom('t', 'u'), at), { maxLength: 2 }), { nil: undefined });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('pause' as const, 'resume'), targets }),
    fc.record({ do: fc.constantFrom('assign' as const, 'assign', 'revoke', 'lose', 'seek', 'give', 'give'), at }),
    fc.record({ do: fc.constantFrom('open' as const, 'shut') }),
  ),
  { maxLength: 40 },
);

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** Every partition there is, and who holds it: written down with each step. */
class Model {
  readonly owned = new Set([nameOf(tp(0))]);
  readonly #paused = new Set<string>();
  #isShut = false;

  apply(step: Step): void {
    if (step.do === 'open' || step.do === 'shut') this.#isShut = step.do === 'shut';
    else if (step.do === 'assign') this.owned.add(nameOf(step.at));
    else if (step.do === 'revoke' || step.do === 'lose') this.owned.delete(nameOf(step.at));
    else if ('targets' in step) this.#say(step.do === 'pause', step.targets);
  }

  /** Those of ours that are not polled. */
  get held(): readonly string[] {
    return [...this.owned].filter((name) => this.#isShut || this.#paused.has(name)).sort();
  }

  #say(isPaused: boolean, named: readonly PartitionTarget[] | undefined): void {
    for (const one of EVERY) {
      const isMeant = named?.some((target) => target === one.topic || target === one) ?? true;
      if (isMeant && isPaused) this.#paused.add(nameOf(one));
      else if (isMeant) this.#paused.delete(nameOf(one));
    }
  }
}

async function apply(step: Step, { container, factory, log }: Bundle, executor: FakeTaskExecutor): Promise<void> {
  const { consumer } = factory;
  if ('targets' in step) container[step.do](step.targets);
  else if (!('at' in step)) {
    executor.concurrency = step.do === 'open' ? SLOTS : 0;
    consumer.wakeup(); // an executor does not tell that it is shut: the next turn of the loop looks
  } else if (step.do === 'give') log.append(step.at.topic, step.at.partition, ...keyed('k'));
  else if (step.do === 'seek') await container.seek(step.at, 0);
  else if (step.do === 'assign') await consumer.rebalance({ assign: [step.at] });
  else if (step.do === 'revoke') await consumer.rebalance({ revoke: [step.at], assign: [] });
  else await consumer.rebalance({ lost: [step.at] });
}

/** Whether the step can be done: only what is owned is sought or goes, and only what is not comes. */
const isPossible = (step: Step, { owned }: Model): boolean =>
  !('at' in step) || step.do === 'give' || (step.do === 'assign') !== owned.has(nameOf(step.at));

describe('MessageListenerContainer: laws of pausing', () => {
  it('a partition is polled while nobody holds it, and only then; none of its records starts while it is held', async () => {
    const law = fc.asyncProperty(steps, async (taken) => {
      const taskExecutor = new FakeTaskExecutor({ concurrency: SLOTS });
      const started: string[] = [];
      const listener = (record: TopicPartition): void => void started.push(nameOf(record));
      const bundle = setup({ topics: ['t', 'u'], taskExecutor, listener }, { partitions: [tp(0)] });
      const { container, factory } = bundle;
      const model = new Model();
      await container.start();
      for (const step of taken) {
        if (!isPossible(step, model)) continue;
        const heldBefore = new Set(model.held);
        started.length = 0;
        await apply(step, bundle, taskExecutor);
        model.apply(step);
        for (let turns = 0; turns < 3; turns++) await eventLoopTurn();
        assert.deepEqual(factory.consumer.paused().map(nameOf).sort(), model.held, JSON.stringify(step));
        const heldAllAlong = model.held.filter((name) => heldBefore.has(name));
        assert.deepEqual(
          started.filter((name) => heldAllAlong.includes(name)),
          [],
          JSON.stringify(step),
        );
      }
      await container.stop();
      assert.ok(addsUp(bundle));
    });
    await fc.assert(law, { numRuns: 100 });
  });
});
