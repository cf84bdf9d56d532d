import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ConsumerRecord } from '@hearken/core';
import { addsUp, settled, setup, stopped, type Bundle } from './setup.js';

const level = fc.nat(2);
/** What may happen between two looks; several of it in one turn of the event loop. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('give' as const),
      level,
      count: fc.integer({ min: 1, max: 4 }),
      key: fc.constantFrom('a', 'b', null),
    }),
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
const ORDERINGS = ['none', 'key', 'partition'] as const;
type Ordering = (typeof ORDERINGS)[number];

interface WorldInit {
  readonly policy: (typeof POLICIES)[number];
  readonly ordering: Ordering;
  readonly capacity: number;
  /** How many of three listeners end at once. */
  readonly quick: number;
}

/** A container on which such things are done. */
class World {
  readonly bundle: Bundle;
  readonly #ordering: Ordering;
  readonly #started = new Set<string>();
  #ended = 0;
  #isOver = false;

  constructor({ policy, ordering, capacity, quick }: WorldInit) {
    this.#ordering = ordering;
    const calls = (): Bundle['listener'] => this.bundle.listener;
    this.bundle = setup({
      capacity,
      policy,
      ordering,
      ...(policy === 'strict' ? { starvation: 'allow' } : {}),
      // Some end at once: a record may take over the slot of another then.
      listener: (...call) => {
        const isQuick = this.#isOver || this.#started.size % 3 < quick;
        this.#started.add(placeOf(call[0]));
        return isQuick ? undefined : calls().onMessage(...call);
      },
    });
  }

  /** Records of the level that are here and wait for none that runs. */
  unblocked(level: number): string[] {
    const { container, listener, log } = this.bundle;
    const busy = new Set(listener.calls.items.slice(this.#ended).map(({ record }) => laneOf(record, this.#ordering)));
    const { partitions } = container.level(level).container.snapshot();
    return partitions
      .flatMap(({ topic, partition, position = 0 }) =>
        log.records(topic, partition).filter(({ offset }) => offset < position),
      )
      .filter((record) => !this.#started.has(placeOf(record)))
      .filter((record) => !busy.has(laneOf(record, this.#ordering) ?? 'none'))
      .map(placeOf);
  }

  do(step: Step): void {
    const { container, give, clock } = this.bundle;
    if (step.does === 'give') give(step.level, step.count, { key: step.key });
    else if (step.does === 'end') this.#end(step.count);
    else if (step.does === 'hold the turn') clock.advance(step.ms);
    else if (step.does === 'resize') container.capacity = step.capacity;
    else container.level(step.level)[step.does]();
  }

  /** In key order a stop starts what stands before the newest record that has started. */
  async stop(): Promise<void> {
    this.#isOver = true;
    for (const each of this.bundle.container.levels) each.resume();
    await stopped(this.bundle);
  }

  #end(count: number): void {
    for (const { end } of this.bundle.listener.calls.items.slice(this.#ended, this.#ended + count)) end();
    this.#ended = Math.min(this.#ended + count, this.bundle.listener.calls.count);
  }
}

type Place = Pick<ConsumerRecord, 'topic' | 'partition' | 'offset'>;

const placeOf = ({ topic, partition, offset }: Place): string => `${topic}/${partition}@${offset}`;

/** Whose records run one after the other; undefined for one that waits for no other. */
function laneOf({ topic, partition, key }: ConsumerRecord, ordering: Ordering): string | undefined {
  if (ordering === 'none' || (ordering === 'key' && key === null)) return undefined;
  return `${topic}/${partition}${ordering === 'key' ? `/${String(key)}` : ''}`;
}

/** What listeners that ended set going, in the same turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve();
}

describe('PriorityListenerContainer: work', () => {
  for (const ordering of ORDERINGS)
    it(`leaves no slot free while a record may start, whatever happens in one turn of the event loop, with ordering '${ordering}'`, async () => {
      const worlds = fc.record({
        policy: fc.constantFrom(...POLICIES),
        ordering: fc.constant(ordering),
        capacity: fc.integer({ min: 1, max: 3 }),
        quick: fc.nat(2),
      });
      const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(worlds, turns, async (init, script) => {
          const world = new World(init);
          const { container } = world.bundle;
          for (const each of [0, 1, 2])
            for (const key of ['a', null, 'b'] as const)
              world.do({ does: 'give', level: each, count: 1 + 3 * each, key });
          await container.start();
          await settled();
          for (const steps of script) {
            for (const each of steps) {
              world.do(each);
              await microtasks();
            }
            await settled();
            const { slots, levels, capacity: now } = container.metrics();
            for (const { name, priority, isPaused } of levels) {
              const waiting = world.unblocked(priority);
              assert.ok(
                slots >= now || isPaused || waiting.length === 0,
                `${slots} of ${now}, and level ${name} waits with ${waiting.join()}`,
              );
            }
          }
          await world.stop();
          assert.ok(addsUp(world.bundle));
        }),
        { numRuns: 50 },
      );
    });
});
