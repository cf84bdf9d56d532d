/** What nobody plans: a busy machine's timers, a batch whose last record is still running, an acknowledgment that comes late. */
const LAG_MS = 1_000;
/** No silence counts for more: whoever was frozen could not commit. */
const SILENCE_MS = 250;

interface CommitClock {
  readonly withinMs: number;
  /** For how long it could have committed, as none of its commits was on its way. */
  freeMs: number;
  /** Of that, when its first record ended. */
  sinceMs: number | undefined;
  lastMs: number;
  /** Commits that are not answered. */
  open: number;
}

/**
 * How long ago records had ended when their listener was killed, by a clock that runs only while it could have committed them.
 * It is its own, read when it wrote its lines: clocks of several processes are not compared, a commit takes as long as its
 * answer does, whatever the network and the group do meanwhile, and who is frozen stands still.
 */
export class CommitClocks {
  readonly #clocks = new Map<string, CommitClock>();
  /** By listener and record: when it ended. */
  readonly #endedMs = new Map<string, number>();

  /** @param withinMs how long after a record ended a commit is due; who does not say so is not held to it */
  began(who: string, withinMs: number | undefined): void {
    if (withinMs === undefined) return;
    this.#clocks.set(who, { withinMs, freeMs: 0, sinceMs: undefined, lastMs: Infinity, open: 0 });
  }

  /** It wrote a line. */
  ticks(who: string, ms = 0): void {
    const clock = this.#clocks.get(who);
    if (clock === undefined) return;
    if (clock.open === 0) clock.freeMs += Math.min(SILENCE_MS, Math.max(0, ms - clock.lastMs));
    clock.lastMs = ms;
  }

  commits(who: string, open: 1 | -1): void {
    const clock = this.#clocks.get(who);
    if (clock !== undefined) clock.open += open;
  }

  done(who: string, place: string): void {
    const clock = this.#clocks.get(who);
    if (clock === undefined) return;
    clock.sinceMs ??= clock.freeMs;
    this.#endedMs.set(`${who}|${place}`, clock.freeMs);
  }

  /** Whether it worked for so long that anything could be overdue. */
  isHeld(who: string): boolean {
    const clock = this.#clocks.get(who);
    return clock?.sinceMs !== undefined && isOverdue(clock, clock.sinceMs);
  }

  /** Whether it had ended this record, and should have committed it. */
  isOverdue(who: string, place: string): boolean {
    const clock = this.#clocks.get(who);
    const endedMs = this.#endedMs.get(`${who}|${place}`);
    return clock !== undefined && endedMs !== undefined && isOverdue(clock, endedMs);
  }
}

const isOverdue = ({ freeMs, withinMs }: CommitClock, endedMs: number): boolean => freeMs - endedMs > withinMs + LAG_MS;
