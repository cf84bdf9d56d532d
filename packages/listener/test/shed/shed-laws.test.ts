import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KafkaError } from '@hearken/core';
import { eventLoopTurn, FakeLog, type ManualClock } from '@hearken/testing';
import { runs } from '../laws/runs.js';
import { addsUp, distinct, tp, until, type Call } from '../setup.js';
import { compensating, recorded, shedding, type Compensating } from './shed-setup.js';

const PARTITIONS = [0, 1];
const gone = new KafkaError('gone', { code: 'GONE' });

/** What becomes of a shed whose ranges are on their way to the broker. */
type Fate =
  'written' | 'refused' | 'killed, written' | 'killed, not written' | 'killed, written later' | 'moved' | 'sought';

type Step =
  | { readonly do: 'give'; readonly partition: number; readonly count: number }
  | { readonly do: 'end'; readonly picks: readonly number[] }
  | { readonly do: 'shed'; readonly partitions: readonly number[]; readonly fate: Fate }
  | { readonly do: 'compensate'; readonly until: number }
  | { readonly do: 'kill' | 'move' | 'wait' };

const partition = fc.constantFrom(...PARTITIONS);
const picks = fc.array(fc.nat(9), { minLength: 1, maxLength: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('give' as const), partition, count: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('end' as const), picks }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('shed' as const),
        partitions: fc.subarray(PARTITIONS, { minLength: 1 }),
        fate: fc.constantFrom<Fate[]>(
          ...([
            'written',
            'refused',
            'killed, written',
            'killed, not written',
            'killed, written later',
            'moved',
            'sought',
          ] as const),
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('compensate' as const), until: fc.integer({ min: 1, max: 12 }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'move' as const, 'wait' as const) }) },
  ),
  { minLength: 5, maxLength: 30 },
);

/** Lets time go on until it is so, a listener's patience and a commit's included. */
const passing = (clock: ManualClock, isSo: () => boolean): Promise<void> =>
  until(() => {
    clock.advance(1_000);
    return isSo();
  });

async function settled(clock: ManualClock, promise: Promise<unknown>): Promise<void> {
  let isOver = false;
  void promise.catch(() => undefined).then(() => (isOver = true));
  await passing(clock, () => isOver);
}

/** A group of one member, which may die and be followed by another, and what its listener was through with. */
class World {
  readonly log = new FakeLog();
  readonly processed = new Set<string>();
  /** Places that were in a range at some time, and what listeners of compensations were through with. */
  readonly shed = new Set<string>();
  readonly replayed = new Set<string>();
  readonly #late: (() => void)[] = [];
  #running: Call[] = [];
  #seen = 0;
  #life!: Awaited<ReturnType<typeof shedding>>;

  async live(): Promise<this> {
    this.#life = await shedding(
      { concurrency: 4, bufferRecords: 3 },
      { log: this.log, partitions: PARTITIONS.map((p) => tp(p)) },
    );
    this.#life.producer.hold();
    this.#running = [];
    this.#seen = 0;
    return this;
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'give') this.log.append('t', step.partition, ...distinct(step.count));
    else if (step.do === 'end') this.#end(step.picks);
    else if (step.do === 'shed') await this.#shed(step.partitions, step.fate);
    else if (step.do === 'compensate') await this.compensate(step.until);
    else if (step.do === 'kill') await this.#kill();
    else if (step.do === 'move') await this.#move();
    else {
      this.#life.clock.advance(1_000);
      this.#late.pop()?.();
    }
    await eventLoopTurn();
    assert.ok(addsUp(this.#life));
  }

  /** One that dies no more works off what is left. */
  async finish(): Promise<void> {
    await this.#kill();
    const ends = PARTITIONS.map((p) => this.log.endOffset(tp(p)));
    await passing(this.#life.clock, () => {
      this.#end(Array.from({ length: 10 }, (_, i) => i));
      return ends.every((end, p) => (this.log.committed('g', tp(p))?.offset ?? 0) === end);
    });
    await this.#life.container.stop();
    for (const write of this.#late) write();
  }

  /** An instance replays what is recorded, and dies when so many listeners of it have ended. */
  async compensate(until = Infinity): Promise<void> {
    for (const place of placesOf(this.log)) this.shed.add(place);
    const instance = compensating({ rateLimit: { limitForPeriod: 1_000 }, commitIntervalMs: 100 }, { log: this.log });
    const { container, listener, clock } = instance;
    await container.start();
    let ended = 0;
    await passing(clock, () => {
      const call = listener.calls.items[ended];
      if (call !== undefined && ended < until) {
        call.end();
        this.replayed.add(call.at);
        ended++;
      }
      return ended >= until || recorded(this.log).size === 0;
    });
    if (ended >= until) await killCompensation(instance);
    else await container.stop();
  }

  #end(places: readonly number[]): void {
    const { calls } = this.#life.listener;
    this.#running.push(...calls.items.slice(this.#seen));
    this.#seen = calls.count;
    for (const place of places) {
      const [call] = this.#running.splice(place, 1);
      if (call === undefined) continue;
      call.end();
      this.processed.add(call.at);
    }
  }

  async #shed(partitions: readonly number[], fate: Fate): Promise<void> {
    const { container, producer, clock } = this.#life;
    const shed = container.shed({ partitions: partitions.map((p) => tp(p)) });
    shed.catch(() => undefined); // it may be killed
    await eventLoopTurn();
    clock.advance(1_000); // what may be committed is
    await eventLoopTurn();
    if (fate === 'moved') await this.#move();
    if (fate === 'sought')
      for (const p of partitions) await container.seek(tp(p), this.log.committed('g', tp(p))?.offset ?? 0);
    if (fate === 'refused') producer.reject(gone, producer.waiting);
    else if (fate === 'killed, written later') this.#late.push(() => producer.settle());
    else if (fate !== 'killed, not written') {
      if (fate.startsWith('killed')) this.#disconnect();
      producer.settle();
    }
    if (fate.startsWith('killed')) await this.#kill();
    else await shed.catch((error: unknown) => assert.equal(error, gone));
  }

  /** Whatever it does from now on, nobody hears of it. */
  #disconnect(): void {
    this.#life.factory.consumer.failCommits(gone, 500);
  }

  async #kill(): Promise<void> {
    this.#disconnect();
    await settled(this.#life.clock, this.#life.container.stop({ immediate: true }));
    await this.live();
  }

  async #move(): Promise<void> {
    const { factory, clock } = this.#life;
    await settled(clock, factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(0)] }));
  }
}

/** Places that the shed topic says are to be replayed. */
function placesOf(log: FakeLog): string[] {
  const ranges = [...recorded(log).values()] as { partition: number; from: number; to: number }[];
  return ranges.flatMap(({ partition: p, from, to }) =>
    Array.from({ length: to - from }, (_, i) => `${p}/${from + i}`),
  );
}

async function killCompensation({ container, producers, clock }: Compensating): Promise<void> {
  for (const producer of producers.producers.items) producer.failSends(gone, 500);
  await settled(clock, container.stop({ immediate: true }));
}

describe('the law of shed', function () {
  this.timeout(60_000);

  it('whoever dies, moves or is refused: a record is processed or replayed, and nothing is replayed that was not shed', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (play) => {
        const world = await new World().live();
        for (const step of play) await world.take(step);
        await world.finish();
        await world.compensate();
        const { log, processed, replayed, shed } = world;
        for (const p of PARTITIONS)
          for (const { offset } of log.records('t', p))
            assert.ok(processed.has(`${p}/${offset}`) || replayed.has(`${p}/${offset}`), `${p}/${offset} is lost`);
        assert.deepEqual([...replayed].sort(), [...shed].sort());
        assert.equal(recorded(log).size, 0);
      }),
      runs(60),
    );
  });
});
