/** An order of the tour. `sequence` counts the orders of one customer from 0. */
export interface Order {
  readonly customer: string;
  readonly sequence: number;
}

/** `count` orders, dealt to the customers in turn; `from` goes on behind those of earlier calls. */
export const orders = (count: number, customers: number, from = 0): Order[] =>
  Array.from({ length: count }, (_, i) => ({
    customer: `customer-${(from + i) % customers}`,
    sequence: Math.floor((from + i) / customers),
  }));

/** Watches what listeners do, in however many containers, and notes everything that key order rules out. */
export class OrderBook {
  readonly #next = new Map<string, number>();
  readonly #busy = new Set<string>();
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  handled = 0;
  /** Attempts that failed. */
  failed = 0;
  /** Orders that came before their turn. */
  outOfTurn = 0;
  /** Orders that came once more after they had been handled: a container that leaves hands over what it could not commit. */
  again = 0;
  /** Orders of a customer that began while another of the same customer was being handled. */
  overlapping = 0;
  /** The most listeners that ran at once. */
  mostAtOnce = 0;

  /** Notes an attempt to handle the order: when it begins, and how it ends. */
  async attempt({ customer, sequence }: Order, work: () => Promise<void>): Promise<void> {
    const turn = this.#next.get(customer) ?? 0;
    if (sequence > turn) this.outOfTurn++;
    if (sequence < turn) this.again++;
    if (this.#busy.has(customer)) this.overlapping++;
    this.#busy.add(customer);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#busy.size);
    try {
      await work();
      if (sequence < turn) return;
      this.#next.set(customer, sequence + 1);
      this.#count();
    } catch (error) {
      this.failed++;
      throw error;
    } finally {
      this.#busy.delete(customer);
    }
  }

  /** Resolves when so many orders were handled. */
  reached(count: number): Promise<void> {
    if (this.handled >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  #count(): void {
    this.handled++;
    for (const { count, resolve } of this.#waiters) if (count === this.handled) resolve();
  }
}
