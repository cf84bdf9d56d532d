import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addsUp, settled, setup, stopped, type Bundle } from './setup.js';

const level = fc.nat(2);
/** What may happen between two looks; several of it in one turn of the event loop. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('give' as const), level, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('end' as const), count: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('hold the turn' as const), ms: fc.integer({ min: 1, max: 50 }) }),
  },
  fc.record({ does: fc.constant('pause' as const), level }),
  fc.record({ does: fc.constant('resume' as const), level }),
  fc.record({ does: fc.constant('resize' as const), capacity: fc.integer({ min: 1, max: 4 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const POLICIES = ['weighted', 'drr', 'strict'] as const;

/** A container on which such things are done. */
class World {
  readonly bundle: Bundle;
  #ended = 0;

  constructor(policy: (typeof POLICIES)[number], capacity: number, quick: number) {
    let count = 0;
    const calls = (): Bundle['listener'] => this.bundle.listener;
    this.bundle = setup({
      capacity,
      policy,
      ...(policy === 'strict' ? { starvation: 'allow' } : {}),
      // Some end at once: a record may take over the slot of another then.
      listener: (...call) => (count++ % 3 < quick ? undefined : calls().onMessage(...call)),
    });
  }

  do(step: Step): void {
    const { container, give, clock } = this.bundle;
    if (step.does === 'give') give(step.level, step.count);
    else if (step.does === 'end') this.#end(step.count);
    else if (step.does === 'hold the turn') clock.advance(step.ms);
    else if (step.does === 'resize') container.capacity = step.capacity;
    else container.level(step.level)[step.does]();
  }

  #end(count: number): void {
    for (const { end } of this.bundle.listener.calls.items.slice(this.#ended, this.#ended + count)) end();
    this.#ended = Math.min(this.#ended + count, this.bundle.listener.calls.count);
  }
}

/** What listeners that ended set going, in the same turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve();
}

describe('PriorityListenerContainer: work', () => {
  it('leaves no slot free while a record may start, whatever happens in one turn of the event loop', async () => {
    const worlds = fc.tuple(fc.constantFrom(...POLICIES), fc.integer({ min: 1, max: 3 }), fc.nat(2));
    const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(worlds, turns, async ([policy, capacity, quick], script) => {
        const world = new World(policy, capacity, quick);
        const { container } = world.bundle;
        for (const each of [0, 1, 2]) world.do({ does: 'give', level: each, count: 4 + 8 * each });
        await container.start();
        await settled();
        for (const steps of script) {
          for (const each of steps) {
            world.do(each);
            await microtasks();
          }
          await settled();
          const { slots, levels, capacity: now } = container.metrics();
          for (const { name, queued, isPaused } of levels)
            assert.ok(
              slots >= now || queued === 0 || isPaused,
              `${slots} of ${now}, and level ${name} waits with ${queued}`,
            );
        }
        for (const each of container.levels) each.resume();
        await stopped(world.bundle);
        assert.ok(addsUp(world.bundle));
      }),
      { numRuns: 50 },
    );
  });
});
