/** Who waits for something to read in a log. Nobody is told after leaving, not even by one who was told before. */
export class ReadableListeners {
  readonly #listeners = new Set<() => void>();

  get size(): number {
    return this.#listeners.size;
  }

  /** @returns what ends it; may be called again */
  add(listener: () => void): () => void {
    const own = (): void => listener(); // one function may listen twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Those who come meanwhile have just looked: they hear of the next time. */
  notify(): void {
    if (this.#listeners.size === 0) return;
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener();
  }
}
