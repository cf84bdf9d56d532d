import { IllegalStateError } from './errors.js';

/**
 * One state variable with a table of legal moves; anything else is a bug and throws at once. The states and what leads out
 * of each stand where the table does.
 */
export class StateMachine<State extends string> {
  readonly #subject: string;
  readonly #moves: Readonly<Record<State, readonly State[]>>;
  readonly #onMove: ((change: { readonly previous: State; readonly next: State }) => void) | undefined;
  #state: State;

  constructor(
    subject: string,
    options: {
      readonly initial: State;
      readonly moves: Readonly<Record<State, readonly State[]>>;
      readonly onMove?: (change: { readonly previous: State; readonly next: State }) => void;
    },
  ) {
    this.#subject = subject;
    this.#state = options.initial;
    this.#moves = options.moves;
    this.#onMove = options.onMove;
  }

  get state(): State {
    return this.#state;
  }

  is(...states: readonly State[]): boolean {
    return states.includes(this.#state);
  }

  /** @throws IllegalStateError if the table does not list the move */
  moveTo(next: State): void {
    const previous = this.#state;
    if (!this.#moves[previous].includes(next)) {
      throw new IllegalStateError(`${this.#subject} cannot go from ${previous} to ${next}`, 'ILLEGAL_MOVE');
    }
    this.#state = next;
    this.#onMove?.({ previous, next });
  }
}
