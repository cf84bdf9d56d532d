import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keptBytesOf, type Lane, type PartitionLanes } from '../../dist/dispatch/lane.js';
import type { LaneKeys } from '../../dist/dispatch/lane-keys.js';
import { Lanes, oneByOne, type Ordering } from '../../dist/dispatch/lanes.js';

type Partition = PartitionLanes<Item>;

class Item {
  next: Item | undefined = undefined;
  readonly record: { readonly key: Buffer | null; readonly value: Buffer | null };
  constructor(
    readonly partition: number,
    readonly number: number,
    key: string | null,
    size: number | null = null,
  ) {
    this.record = {
      key: key === null ? null : Buffer.from(key, 'latin1'),
      value: size === null ? null : Buffer.alloc(size),
    };
  }

  get sequence(): number {
    return this.number;
  }

  get bytes(): number {
    return (this.record.key?.length ?? 0) + (this.record.value?.length ?? 0);
  }
}

type Step =
  | { do: 'add'; partition: number; key: string | null; size: number | null }
  | { do: 'next' }
  | { do: 'take' | 'release' | 'postpone' | 'hold' | 'setAside' | 'lend'; pick: number }
  | { do: 'wake' | 'giveBack'; pick: number }
  | { do: 'clear' | 'pause' | 'resume'; partition: number };

const partition = fc.nat(2);
const pick = fc.nat();
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      partition,
      key: fc.constantFrom(null, '', 'a', 'b', '\u00e9', '\u00c3\u00a9'),
      size: fc.constantFrom(null, 0, 1, 1_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('next' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('release' as const, 'release', 'postpone', 'hold', 'setAside', 'lend'),
      pick,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('wake' as const, 'wake', 'giveBack'), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const, 'pause', 'resume'), partition }) },
);

interface Rule extends LaneKeys<Item> {
  readonly ordering: Ordering;
}

const RULES: Readonly<Record<string, Rule>> = {
  'ordering partition': { ordering: 'partition', nullKey: 'unordered' },
  'ordering none': { ordering: 'none', nullKey: 'partition' },
  'ordering key, null keys unordered': { ordering: 'key', nullKey: 'unordered' },
  'ordering key, null keys in partition order': { ordering: 'key', nullKey: 'partition' },
  'ordering key, null keys one at a time': { ordering: 'key', nullKey: 'single' },
  'ordering key, selected': {
    ordering: 'key',
    nullKey: 'single',
    keyOf: ({ number }) => (number % 4 === 0 ? null : Buffer.from(`${number % 3}`)),
  },
};

const keyOf = (item: Item, { keyOf: select }: Rule): Buffer | null =>
  select === undefined ? item.record.key : select(item);

function laneOf(item: Item, rule: Rule): string {
  if (rule.ordering === 'partition') return `${item.partition}`;
  const key = rule.ordering === 'none' ? null : keyOf(item, rule);
  if (key !== null) return `${item.partition}/'${key.toString('hex')}'`;
  return rule.ordering === 'none' || rule.nullKey === 'unordered' ? `${item.number}` : `${item.partition}/null`;
}

const bytesOf = (items: readonly Item[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0);

/** Lanes with a plain account beside them, which every step is checked against. */
class Checked {
  readonly lanes: Lanes<Item>;
  /** What waits, per lane, in order. */
  readonly waiting = new Map<string, Item[]>();
  /** Handed out lanes, and the item taken, if any. */
  readonly busy = new Map<Lane<Item>, Item | undefined>();
  readonly postponed = new Map<Lane<Item>, Item | undefined>();
  /** Lanes that are ready to try this again. */
  readonly again = new Map<Lane<Item>, Item>();
  readonly paused = new Set<unknown>();
  /** What is with somebody else, and what ends that. */
  readonly lent = new Map<Item, () => void>();
  readonly writtenOff: (() => void)[] = [];
  #added = 0;

  constructor(readonly rule: Rule) {
    this.lanes = new Lanes(rule.ordering, oneByOne(), rule);
  }

  of(number: number): ReturnType<Lanes<Item>['of']> {
    return this.lanes.of({ topic: 't', partition: number });
  }

  run(what: Step): void {
    if (what.do === 'add') this.#add(what.partition, what.key, what.size);
    else if (what.do === 'next') this.#next();
    else if (what.do === 'wake') this.#wake(what.pick);
    else if (what.do === 'giveBack') this.#giveBack(what.pick);
    else if ('pick' in what) this.#onBusy(what.do, what.pick);
    else if (what.do === 'clear') this.#clear(what.partition);
    else if (what.do === 'pause') this.#pause(what.partition);
    else this.#resume(what.partition);
  }

  checkCounts(): void {
    const queued = [...this.waiting.values()].flat();
    assert.equal(this.lanes.queued, queued.length);
    assert.equal(this.lanes.queuedBytes, bytesOf(queued));
    for (const number of [0, 1, 2]) {
      const of = queued.filter((item) => item.partition === number);
      assert.equal(this.of(number).queued, of.length);
      assert.equal(this.of(number).queuedBytes, bytesOf(of));
    }
    this.#checkHeld();
  }

  /** What waits, what is to be tried again, and what somebody else has. */
  #checkHeld(): void {
    let total = 0;
    for (const number of [0, 1, 2]) {
      const again = [...this.postponed.values(), ...this.again.values()].filter((item) => item?.partition === number);
      const lent = [...this.lent.keys()].filter((item) => item.partition === number);
      const kept = keptBytesOf([...again.filter((item) => item !== undefined), ...lent]);
      assert.equal(this.of(number).keptBytes, kept);
      assert.equal(this.of(number).heldBytes, this.of(number).queuedBytes + kept);
      total += this.of(number).heldBytes;
    }
    assert.equal(this.lanes.heldBytes, total);
  }

  /** Ends everything that runs or waits for a retry, and takes all that is left. */
  drain(): void {
    for (const number of [0, 1, 2]) this.#resume(number);
    do {
      while (this.busy.size > 0) {
        this.#onBusy('take', 0);
        this.#onBusy('release', 0);
      }
      while (this.postponed.size > 0) this.#wake(0);
    } while (this.#next());
    while (this.lent.size > 0) this.#giveBack(0);
    this.#checkHeld();
    assert.deepEqual([this.lanes.queued, this.lanes.queuedBytes], [0, 0]);
    for (const [lane, items] of this.waiting) assert.deepEqual(items, [], `left behind in lane ${lane}`);
    for (const number of [0, 1, 2]) assert.equal(this.of(number).table.size, 0, 'empty lanes are removed');
  }

  #add(number: number, key: string | null, size: number | null): void {
    const item = new Item(number, this.#added++, key, size);
    const lane = laneOf(item, this.rule);
    this.waiting.set(lane, [...(this.waiting.get(lane) ?? []), item]);
    this.lanes.add(this.of(number), item);
  }

  #next(): boolean {
    const lane = this.lanes.next();
    if (lane === undefined) {
      for (const number of [0, 1, 2]) this.#checkNothingIsReady(this.of(number));
      return false;
    }
    assert.ok(!this.busy.has(lane) && !this.postponed.has(lane), 'a closed lane was handed out');
    assert.ok(!this.paused.has(lane.partition), 'a paused partition was handed out');
    assert.ok(!this.#isSingle(lane) || !this.#isSingleBusy, 'two without a key at a time');
    this.#checkIsOldest(lane);
    this.again.delete(lane);
    this.busy.set(lane, undefined);
    return true;
  }

  /** But for those without a key, if another one of them has its turn. */
  #checkIsOldest(lane: Lane<Item>): void {
    const ready = this.#readyOf(lane.partition);
    const others = this.#isSingle(lane) ? ready : ready.filter((each) => !this.#isSingle(each));
    const next = others.map((each) => this.again.get(each) ?? each.first).filter((item) => item !== undefined);
    assert.equal(lane.oldest, Math.min(...next.map(({ number }) => number)), 'an older record could have started');
  }

  #checkNothingIsReady(partition: Lane<Item>['partition']): void {
    if (this.paused.has(partition)) return;
    const ready = this.#readyOf(partition).filter((lane) => !(this.#isSingle(lane) && this.#isSingleBusy));
    assert.deepEqual(ready, [], 'a lane could have started');
  }

  #readyOf(partition: unknown): Lane<Item>[] {
    const closed = new Set([...this.busy, ...this.postponed].map(([lane]) => lane));
    return [...this.lanesOf(partition)].filter((lane) => !closed.has(lane));
  }

  /** One of those of which only one may run. */
  #isSingle({ key }: Lane<Item>): boolean {
    return this.rule.ordering === 'key' && this.rule.nullKey === 'single' && key === null;
  }

  get #isSingleBusy(): boolean {
    return [...this.busy.keys()].some((lane) => this.#isSingle(lane));
  }

  lanesOf(partition: unknown): Iterable<Lane<Item>> {
    return [0, 1, 2].map((number) => this.of(number)).find((of) => of === partition)?.table ?? [];
  }

  #onBusy(action: 'take' | 'release' | 'postpone' | 'hold' | 'setAside' | 'lend', index: number): void {
    const lane = [...this.busy.keys()][index % this.busy.size];
    if (lane === undefined) return;
    if (action === 'take') {
      this.#take(lane);
      return;
    }
    const current = this.busy.get(lane);
    if (action === 'setAside') {
      if (current === undefined && this.paused.has(lane.partition)) this.#setAside(lane);
      return;
    }
    if (action === 'lend') {
      if (current !== undefined && !this.lent.has(current)) this.lent.set(current, this.lanes.lend(lane, current));
      return;
    }
    if (action === 'postpone' && current === undefined) return;
    this.busy.delete(lane);
    if (action !== 'release') this.postponed.set(lane, action === 'postpone' ? current : undefined);
    if (action === 'postpone') this.lanes.postpone(lane, current!);
    else this.lanes[action](lane);
  }

  #giveBack(index: number): void {
    const item = [...this.lent.keys()][index % this.lent.size];
    this.writtenOff.shift()?.();
    if (item === undefined) return;
    this.lent.get(item)!();
    this.lent.delete(item);
  }

  /** Given back later, it changes nothing. */
  #writeOff(item: Item): void {
    this.writtenOff.push(this.lent.get(item)!);
    this.lent.delete(item);
  }

  #setAside(lane: Lane<Item>): void {
    this.busy.delete(lane);
    if (lane.current !== undefined) this.again.set(lane, lane.current);
    this.lanes.setAside(lane);
  }

  #take(lane: Lane<Item>): void {
    const retried = lane.current;
    const item = this.lanes.take(lane);
    this.busy.set(lane, item);
    if (item === undefined) return;
    assert.equal(item.next, undefined, 'a taken item keeps no other in memory');
    const name = laneOf(item, this.rule);
    if (retried !== undefined) assert.equal(item, retried, 'what is tried again comes first');
    else assert.equal(this.waiting.get(name)?.shift(), item, 'out of order');
    const open = [...this.busy.values(), ...this.postponed.values()].filter((other) => other !== undefined);
    assert.equal(open.filter((other) => laneOf(other, this.rule) === name).length, 1, 'two of one lane at a time');
  }

  #wake(index: number): void {
    const lane = [...this.postponed.keys()][index % this.postponed.size];
    if (lane === undefined) return;
    const current = this.postponed.get(lane);
    if (current !== undefined) this.again.set(lane, current);
    this.postponed.delete(lane);
    this.lanes.wake(lane);
  }

  #clear(number: number): void {
    for (const items of this.waiting.values()) if (items[0]?.partition === number) items.splice(0);
    for (const lanes of [this.postponed, this.again]) {
      for (const lane of lanes.keys()) if (lane.partition === this.of(number)) lanes.delete(lane);
    }
    for (const item of this.lent.keys()) if (item.partition === number) this.#writeOff(item);
    this.lanes.clear(this.of(number));
  }

  #pause(number: number): void {
    this.paused.add(this.of(number));
    this.lanes.pause(this.of(number));
  }

  #resume(number: number): void {
    this.paused.delete(this.of(number));
    this.lanes.resume(this.of(number));
  }
}

/** Runs all that may run, one after the other, and says what in which order. */
function allOf(lanes: Lanes<Item>): number[] {
  const order: number[] = [];
  for (let lane = lanes.next(); lane !== undefined; lane = lanes.next()) {
    const item = lanes.take(lane);
    if (item !== undefined) order.push(item.number);
    lanes.release(lane);
  }
  return order;
}

describe('Lanes', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it(`runs one record of a lane at a time, the oldest first, whatever may run, and leaves nothing behind (${name})`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const checked = new Checked(rule);
          for (const what of steps) {
            checked.run(what);
            checked.checkCounts();
          }
          checked.drain();
        }),
        { numRuns: 300 },
      );
    });
  }

  it('hands out the lane with the oldest record first', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    for (const [number, key] of ['a', 'b', 'a', 'c', 'a', 'b'].entries())
      lanes.add(partition, new Item(0, number, key));
    assert.deepEqual(allOf(lanes), [0, 1, 2, 3, 4, 5]);
  });

  it('hands out what is tried again before younger records', () => {
    const lanes = new Lanes<Item>('none', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    for (const number of [0, 1, 2]) lanes.add(partition, new Item(0, number, null));
    const failed = lanes.next()!;
    lanes.postpone(failed, lanes.take(failed)!);
    const other = lanes.next()!;
    lanes.take(other);
    lanes.release(other);
    lanes.wake(failed);
    assert.deepEqual(allOf(lanes), [0, 2]);
  });

  it('lets partitions take turns, however many lanes of one are ready', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const [first, second] = [lanes.of({ topic: 't', partition: 0 }), lanes.of({ topic: 't', partition: 1 })];
    for (const number of [0, 1, 2, 3]) lanes.add(first, new Item(0, number, `${number}`));
    for (const number of [4, 5]) lanes.add(second, new Item(1, number, `${number}`));
    assert.deepEqual(allOf(lanes), [0, 4, 1, 5, 2, 3]);
  });

  it('hands out what a pause held before what came after it', () => {
    const lanes = new Lanes<Item>('none', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    lanes.pause(partition);
    for (const number of [0, 1]) lanes.add(partition, new Item(0, number, null));
    assert.equal(lanes.next(), undefined);
    lanes.add(partition, new Item(0, 2, null)); // ready, and nobody has asked for it
    lanes.resume(partition);
    const order = [0, 1, 2].map(() => lanes.take(lanes.next()!)?.number);
    assert.deepEqual(order, [0, 1, 2]);
    assert.equal(lanes.next(), undefined);
    lanes.add(partition, new Item(0, 3, null));
    assert.equal(lanes.take(lanes.next()!)?.number, 3);
  });

  it('hands out no lane of a paused partition, and all of them in their order after', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const [first, second] = [lanes.of({ topic: 't', partition: 0 }), lanes.of({ topic: 't', partition: 1 })];
    lanes.add(first, new Item(0, 0, 'a'));
    lanes.add(first, new Item(0, 1, 'b'));
    lanes.add(second, new Item(1, 2, 'a'));
    lanes.pause(first);
    assert.equal(lanes.next()?.partition, second);
    assert.equal(lanes.next(), undefined);
    assert.equal(lanes.mayBeReady, false);
    lanes.resume(first);
    assert.deepEqual([lanes.next()?.key?.toString(), lanes.next()?.key?.toString()], ['a', 'b']);
  });

  it('takes nothing for ready that is paused or cleared, and goes on with the rest', () => {
    const lanes = new Lanes<Item>('none', oneByOne());
    const partitions = [0, 1, 2, 3].map((partition) => lanes.of({ topic: 't', partition }));
    for (const [number, partition] of partitions.entries()) lanes.add(partition, new Item(number, number, null));
    const [first, second, third, last] = partitions as [Partition, Partition, Partition, Partition];
    lanes.clear(second);
    lanes.pause(last);
    lanes.pause(first);
    lanes.clear(third);
    assert.equal(lanes.isReady, false);
    lanes.add(second, new Item(1, 4, null));
    lanes.resume(last);
    lanes.resume(first);
    assert.equal(lanes.isReady, true);
    assert.deepEqual(allOf(lanes), [0, 4, 3]);
    assert.equal(lanes.isReady, false);
  });

  it('keeps a lane that runs closed over a clear: the next record of its key waits', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    lanes.add(partition, new Item(0, 0, 'a'));
    const running = lanes.next()!;
    lanes.take(running);
    lanes.clear(partition);
    lanes.add(partition, new Item(0, 1, 'a'));
    assert.equal(lanes.next(), undefined);
    lanes.release(running);
    assert.equal(lanes.take(lanes.next()!)?.number, 1);
  });

  it('tells keys apart by their bytes, and no key from an empty one', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    const invalidUtf8 = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.alloc(0), null];
    for (const [number, key] of invalidUtf8.entries()) {
      lanes.add(partition, Object.assign(new Item(0, number, null), { record: { key, value: null } }));
    }
    assert.equal(partition.table.size, 4);
  });

  it('lets a record without a key wait for nothing, and one with an empty key for its like', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    for (const [number, key] of [null, null, '', ''].entries()) lanes.add(partition, new Item(0, number, key));
    const ready = [lanes.next(), lanes.next(), lanes.next(), lanes.next()];
    assert.deepEqual(
      ready.map((lane) => lane?.oldest),
      [0, 1, 2, undefined],
    );
  });

  it('lets lanes without a key take turns over partitions, one at a time, however often another one could start', () => {
    const lanes = new Lanes<Item>('key', oneByOne(), { nullKey: 'single' });
    const partitions = [0, 1, 2].map((partition) => lanes.of({ topic: 't', partition }));
    for (const number of [0, 1, 2, 3, 4, 5, 6, 7, 8])
      lanes.add(partitions[number % 3]!, new Item(number % 3, number, null));
    const order: number[] = [];
    for (let lane = lanes.next(); lane !== undefined; lane = lanes.next()) {
      order.push(lanes.take(lane)!.number);
      assert.equal(lanes.next(), undefined, 'a second one runs');
      lanes.release(lane);
    }
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('gives the turn of a lane without a key to another partition while its own is paused', () => {
    const lanes = new Lanes<Item>('key', oneByOne(), { nullKey: 'single' });
    const [first, second, third] = [0, 1, 2].map((partition) => lanes.of({ topic: 't', partition }));
    for (const [number, partition] of [first, second, third].entries())
      lanes.add(partition!, new Item(number, number, null));
    const running = lanes.next()!;
    lanes.take(running);
    assert.equal(lanes.next(), undefined); // the others have come to the gate
    lanes.release(running);
    lanes.pause(second!); // whose turn it was
    assert.deepEqual(allOf(lanes), [2]);
    lanes.resume(second!);
    assert.deepEqual(allOf(lanes), [1]);
  });

  it('runs no lane without a key beside one whose record was given up and still runs', () => {
    const lanes = new Lanes<Item>('key', oneByOne(), { nullKey: 'single' });
    const [first, second] = [0, 1].map((partition) => lanes.of({ topic: 't', partition }));
    lanes.add(first!, new Item(0, 0, null));
    const running = lanes.next()!;
    lanes.take(running);
    lanes.clear(first!);
    lanes.add(first!, new Item(0, 1, null));
    lanes.add(second!, new Item(1, 2, null));
    assert.equal(lanes.next(), undefined);
    lanes.release(running);
    assert.deepEqual(allOf(lanes), [2, 1]);
  });

  it('keeps a copy of a selected key, as the records behind need not have its bytes', () => {
    const selected = Buffer.from('selected');
    const lanes = new Lanes<Item>('key', oneByOne(), { nullKey: 'unordered', keyOf: () => selected });
    const partition = lanes.of({ topic: 't', partition: 0 });
    for (const number of [0, 1]) lanes.add(partition, new Item(0, number, `${number}`));
    const lane = lanes.next()!;
    lanes.take(lane);
    assert.equal(lanes.next(), undefined);
    assert.deepEqual(lane.key, selected);
    assert.notEqual(lane.key, selected);
  });

  it('keeps of a lane that never empties the key of the record that runs, not of one long gone', () => {
    const lanes = new Lanes<Item>('key', oneByOne());
    const partition = lanes.of({ topic: 't', partition: 0 });
    const items = Array.from({ length: 3 }, (_, number) => new Item(0, number, 'a'));
    for (const item of items) lanes.add(partition, item);
    for (const item of items) {
      const lane = lanes.next()!;
      assert.equal(lanes.take(lane), item);
      assert.equal(lane.key, item.record.key);
      lanes.release(lane);
    }
  });
});
