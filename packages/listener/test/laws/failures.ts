/** Failures of a world's listeners, */
export class Failures {
  count = 0;
  /** and of them those that the container may not have heard of yet: what it hears of while it stops is not tried again. */
  unheard = 0;

  add(): void {
    this.count++;
    this.unheard++;
    setImmediate(() => this.unheard--);
  }
}
