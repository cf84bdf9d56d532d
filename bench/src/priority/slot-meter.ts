/**
 * Slot-time: busy, and idle while somebody could have used it. Told at every start and end, and now and then between them.
 */
export class SlotMeter {
  readonly #capacity: number;
  readonly #isWaiting: () => boolean;
  #running = 0;
  #most = 0;
  #waited = false;
  #at = performance.now();
  #busyMs = 0;
  #busyWhileWaitingMs = 0;
  #idleWhileWaitingMs = 0;

  /** @param isWaiting whether a record is there that may start */
  constructor(capacity: number, isWaiting: () => boolean) {
    this.#capacity = capacity;
    this.#isWaiting = isWaiting;
  }

  started(): void {
    this.#move(1);
  }

  ended(): void {
    this.#move(-1);
  }

  /** @param isWaiting known from elsewhere: until the next start or end */
  look(isWaiting?: boolean): void {
    this.#move(0);
    if (isWaiting === true) this.#waited = true;
  }

  get running(): number {
    return this.#running;
  }

  /** Slot-time that handlers took, in milliseconds. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** The part of the slot-time that was busy while a record waited: 1 if no slot was ever idle then. NaN if none waited. */
  get busyShare(): number {
    return this.#busyWhileWaitingMs / (this.#busyWhileWaitingMs + this.#idleWhileWaitingMs);
  }

  /** From now on anew. */
  reset(): void {
    this.look();
    [this.#busyMs, this.#busyWhileWaitingMs, this.#idleWhileWaitingMs] = [0, 0, 0];
  }

  /** What has been so since the last time counts for the time since. */
  #move(by: number): void {
    const now = performance.now();
    const elapsed = now - this.#at;
    this.#busyMs += elapsed * this.#running;
    if (this.#waited) {
      this.#busyWhileWaitingMs += elapsed * this.#running;
      this.#idleWhileWaitingMs += elapsed * (this.#capacity - this.#running);
    }
    this.#at = now;
    this.#running += by;
    this.#most = Math.max(this.#most, this.#running);
    if (this.#most > this.#capacity) throw new Error(`${this.#most} handlers ran at once`);
    this.#waited = this.#isWaiting();
  }
}
