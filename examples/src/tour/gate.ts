import { setImmediate as turn } from 'node:timers/promises';

/** Where listeners wait until they are let through: so that it is known who runs when somebody comes. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #isOpen = false;

  /** Resolves when it is this one's turn; once the gate is open, in the next turn of the event loop. */
  pass(): Promise<void> {
    return this.#isOpen ? turn() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets the one through that has waited longest. */
  letOne(): void {
    this.#waiting.shift()?.();
  }

  open(): void {
    this.#isOpen = true;
    for (const letThrough of this.#waiting.splice(0)) letThrough();
  }
}
