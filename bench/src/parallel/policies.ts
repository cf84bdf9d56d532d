import { keyNumber } from '../payloads.js';

/** Handles records in the order of their keys, as many at once as there are slots. Given them in the order of their offsets. */
export type Schedule = (key: Buffer | null, handle: () => Promise<void>) => Promise<void>;

interface Job {
  readonly handle: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** First in, first out, without moving what is in. */
class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.isEmpty) return undefined;
    const item = this.#items[this.#first++];
    if (this.#first > 1000 && 2 * this.#first > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}

/** A lane a key, and those that may go on take turns: as Parallel Consumer has it. */
export function fifoOfLanes(slots: number): Schedule {
  const lanes = new Map<number, Fifo<Job>>();
  const ready = new Fifo<number>();
  let free = slots;
  const startNext = (): void => {
    while (free > 0 && !ready.isEmpty) {
      free--;
      void startOf(ready.shift() ?? NaN);
    }
  };
  const startOf = async (key: number): Promise<void> => {
    const lane = lanes.get(key);
    await run(lane?.shift());
    if (lane?.isEmpty === true) lanes.delete(key);
    else ready.push(key);
    free++;
    startNext();
  };
  return (key, handle) =>
    queued(handle, (job) => {
      const number = keyNumber(key);
      const lane = lanes.get(number);
      if (lane === undefined) {
        lanes.set(number, new Fifo());
        ready.push(number);
      }
      lanes.get(number)?.push(job);
      startNext();
    });
}

/** As many lanes as slots, and keys are spread over them: as the article has it. */
export function hashedLanes(slots: number): Schedule {
  const lanes = Array.from({ length: slots }, () => ({ jobs: new Fifo<Job>(), isRunning: false }));
  const work = async (lane: (typeof lanes)[number]): Promise<void> => {
    lane.isRunning = true;
    for (let job = lane.jobs.shift(); job !== undefined; job = lane.jobs.shift()) await run(job);
    lane.isRunning = false;
  };
  return (key, handle) =>
    queued(handle, (job) => {
      const lane = lanes[spread(keyNumber(key)) % slots];
      lane?.jobs.push(job);
      if (lane?.isRunning === false) void work(lane);
    });
}

const queued = (handle: Job['handle'], enqueue: (job: Job) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    enqueue({ handle, resolve, reject });
  });

const run = async (job: Job | undefined): Promise<void> => job?.handle().then(job.resolve, job.reject);

/** The partitioner has hashed the key too: its hash would leave most lanes of a partition empty, so this is another. */
const spread = (number: number): number => (Math.imul(number ^ (number >>> 15), 0x2c1b3c6d) ^ (number >>> 7)) >>> 0;
