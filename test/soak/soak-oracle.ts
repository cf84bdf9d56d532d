import type { SoakEvent } from './soak-log.js';

interface Lane {
  /** The last that ended without one before it missing. */
  ended: number;
  /** Who listens to which of its records now. */
  running: { readonly who: string; readonly n: number } | undefined;
}

/**
 * Holds against a run what a container promises of each key while partitions move in good order: a record starts when the one
 * before it has ended, whoever had that; none is left out; only one runs. It remembers a key, not what came of it.
 */
export class SoakOracle {
  readonly violations: string[] = [];
  readonly #lanes = new Map<string, Lane>();
  /** Records that ended, each counted once. */
  ended = 0;
  /** That came again after they had ended. */
  repeated = 0;

  takes(event: SoakEvent): void {
    if (event.at === 'start') this.#starts(event);
    else this.#ends(event);
  }

  /** @param sent by key: how many records it was sent */
  missing(sent: ReadonlyMap<string, number>): string[] {
    const lost: string[] = [];
    for (const [key, count] of sent) {
      const ended = this.#laneOf(key).ended + 1;
      if (ended < count) lost.push(`${key}: ${count} were sent, ${ended} have ended`);
    }
    return lost;
  }

  #starts({ who, key, n }: SoakEvent): void {
    const lane = this.#laneOf(key);
    const { running, ended } = lane;
    if (running !== undefined)
      this.violations.push(`${who} starts ${key} number ${n} while ${running.who} is at number ${running.n}`);
    if (n > ended + 1) this.violations.push(`${who} starts ${key} number ${n}, but number ${ended + 1} has not ended`);
    if (n <= ended) this.repeated++;
    lane.running = { who, n };
  }

  #ends({ key, n }: SoakEvent): void {
    const lane = this.#laneOf(key);
    lane.running = undefined;
    if (n !== lane.ended + 1) return;
    lane.ended = n;
    this.ended++;
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const made: Lane = { ended: -1, running: undefined };
    this.#lanes.set(key, made);
    return made;
  }
}
