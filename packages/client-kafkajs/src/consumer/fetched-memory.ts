/** Memory that fetched batches, perhaps of several partitions, are views on: an answer's, or what was copied out of some. */
export class FetchedMemory {
  readonly bytes: number;
  #isTold = false;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Its size, when first asked; then 0. */
  tell(): number {
    if (this.#isTold) return 0;
    this.#isTold = true;
    return this.bytes;
  }
}
