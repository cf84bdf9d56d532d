import type { Exchange } from './in-flight.js';

/** What stands between requests and the wire, and what follows when it does not go away. */
interface GateKeeper {
  /** What has to be over before anything is written; undefined if nothing has. Asked again after each. */
  obstacle(): Promise<void> | undefined;
  pass(exchange: Exchange): void;
  /** Expected to end in {@link SendGate.reject}. */
  onFailure(error: unknown): void;
}

/** Lets requests through in the order of the calls: at once, or, held, when what is in the way is over. */
export class SendGate {
  readonly #keeper: GateKeeper;
  /** Undefined while nothing has to wait. */
  #held: Exchange[] | undefined;

  constructor(keeper: GateKeeper) {
    this.#keeper = keeper;
  }

  enter(exchange: Exchange): void {
    if (this.#held !== undefined) {
      this.#held.push(exchange);
      return;
    }
    const obstacle = this.#keeper.obstacle();
    if (obstacle === undefined) {
      this.#keeper.pass(exchange);
      return;
    }
    this.#held = [exchange];
    this.#waitThrough(obstacle).then(
      () => this.#release((held) => this.#keeper.pass(held)),
      (error: unknown) => this.#keeper.onFailure(error),
    );
  }

  reject(reason: unknown): void {
    this.#release((held) => held.reject(reason));
  }

  async #waitThrough(first: Promise<void>): Promise<void> {
    for (let next: Promise<void> | undefined = first; next !== undefined; next = this.#keeper.obstacle()) await next;
  }

  #release(settle: (exchange: Exchange) => void): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    held.forEach(settle);
  }
}
