/** What the tour has proved so far, a line each, printed as it happens. */
export class Findings {
  #failed = 0;

  get ok(): boolean {
    return this.#failed === 0;
  }

  /** @param detail the figures behind it */
  check(claim: string, holds: boolean, detail: string): void {
    if (!holds) this.#failed++;
    console.log(`${holds ? 'ok    ' : 'FAILED'}  ${claim.padEnd(34)}  ${detail}`);
  }
}
