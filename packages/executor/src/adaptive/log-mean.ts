/** What ends at once has a logarithm too. */
const LEAST = 0.1;

/** The geometric mean of some numbers: where a few are a hundred times the others it is still that of the others. */
export class LogMean {
  #count = 0;
  #sum = 0;
  #squares = 0;

  get count(): number {
    return this.#count;
  }

  get mean(): number {
    return Math.exp(this.#sum / this.#count);
  }

  /** Of the mean's logarithm: by how much it is off by chance. */
  get standardError(): number {
    const mean = this.#sum / this.#count;
    return Math.sqrt(Math.max(0, this.#squares / this.#count - mean * mean) / this.#count);
  }

  add(value: number): void {
    const logarithm = Math.log(Math.max(value, LEAST));
    this.#count++;
    this.#sum += logarithm;
    this.#squares += logarithm * logarithm;
  }
}
