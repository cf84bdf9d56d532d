/**
 * What `next()` returns where the rest of the line is asynchronous: a promise that knows whether anybody looked at it. One
 * that nobody did has told nobody how the listener ended.
 */
export class NextResult<T> extends Promise<T> {
  #isLookedAt = false;
  #isSettled = false;

  /** What `then` makes is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static of<T>(promise: Promise<T>): NextResult<T> {
    const result = new NextResult<T>((resolve) => resolve(promise));
    const settle = (): void => void (result.#isSettled = true);
    void Promise.prototype.then.call(result, settle, settle); // and so it is no unhandled rejection
    return result;
  }

  /** It ended while whoever called `next` could still do something about it, and was looking. */
  get wasSeen(): boolean {
    return this.#isSettled && this.#isLookedAt;
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isLookedAt = true;
    return super.then(onFulfilled, onRejected);
  }
}
