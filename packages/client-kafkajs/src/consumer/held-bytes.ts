/** Bytes by who holds them, and their sum. Whoever holds none is not kept. */
export class HeldBytes<Holder> {
  readonly #bytes = new Map<Holder, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  set(holder: Holder, bytes: number): void {
    const before = this.#bytes.get(holder) ?? 0;
    if (bytes === before) return;
    this.#total += bytes - before;
    if (bytes === 0) this.#bytes.delete(holder);
    else this.#bytes.set(holder, bytes);
  }
}
