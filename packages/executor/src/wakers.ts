interface Subscription {
  readonly wake: () => void;
  active: boolean;
}

/** Who is told that slots are free. */
export class Wakers {
  #subscriptions: readonly Subscription[] = [];
  /** Who is told first next time: the first may take every slot, and with a fixed order the last would starve. */
  #toldFirst = 0;

  get isEmpty(): boolean {
    return this.#subscriptions.length === 0;
  }

  /** @returns what ends it; may be called any number of times */
  add(wake: () => void): () => void {
    const subscription = { wake, active: true };
    this.#subscriptions = [...this.#subscriptions, subscription];
    return () => {
      subscription.active = false;
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
  }

  wakeAll(): void {
    const subscriptions = this.#subscriptions;
    const first = this.#toldFirst++;
    for (let i = 0; i < subscriptions.length; i++) {
      const subscription = subscriptions[(first + i) % subscriptions.length];
      if (subscription?.active === true) callWaker(subscription.wake);
    }
  }
}

/** A waker that throws broke its promise; that must be seen, and must not end the task that happened to free the slot. */
function callWaker(wake: () => void): void {
  try {
    wake();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
