import type { Lane, LaneItem } from './lane.js';

/**
 * Lets only one of several lanes run at a time, of different partitions: those that come to it meanwhile are `barred`, and
 * have their turn in the order they came. A lane whose partition is held loses its turn to the next; whoever pauses,
 * resumes or clears a partition lets the gate look again. So while no lane runs and one could, one is ready.
 */
export class LaneGate<Item extends LaneItem<Item>, Work> {
  readonly #makeReady: (lane: Lane<Item, Work>) => void;
  #running: Lane<Item, Work> | undefined;
  /** Whose turn it is: a ready lane that all others let pass. */
  #next: Lane<Item, Work> | undefined;
  #barred: Lane<Item, Work>[] = [];

  /** @param makeReady does so with a lane that was barred */
  constructor(makeReady: (lane: Lane<Item, Work>) => void) {
    this.#makeReady = makeReady;
  }

  /** The one that runs. */
  get running(): Lane<Item, Work> | undefined {
    return this.#running;
  }

  /** Whether a ready lane may run, and does so from now on; if not it is barred. */
  admits(lane: Lane<Item, Work>): boolean {
    if (this.#running === undefined && (this.#next === undefined || this.#next === lane)) {
      this.#running = lane;
      this.#next = undefined;
      return true;
    }
    lane.state = 'barred';
    this.#barred.push(lane);
    return false;
  }

  /** A lane runs no more, if it did: to be called before it is ready again, as the others come first. */
  left(lane: Lane<Item, Work>): void {
    if (lane !== this.#running) return;
    this.#running = undefined;
    this.look();
  }

  /** Gives the turn to the first that can have it. */
  look(): void {
    if (this.#running !== undefined || (this.#next?.state === 'ready' && !this.#next.partition.isHeld)) return;
    this.#barred = this.#barred.filter(({ state }) => state === 'barred'); // others were cleared
    this.#next = this.#barred.find(({ partition }) => !partition.isHeld);
    if (this.#next === undefined) return;
    this.#barred.splice(this.#barred.indexOf(this.#next), 1);
    this.#makeReady(this.#next);
  }
}
