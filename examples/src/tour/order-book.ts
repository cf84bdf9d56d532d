/** An order of the tour. `sequence` counts the orders of one customer from 0. */
export interface Order {
  readonly customer: string;
  readonly sequence: number;
}

/** `count` orders, dealt to the customers in turn. */
export const orders = (count: number, customers: number): Order[] =>
  Array.from({ length: count }, (_, i) => ({
    customer: `customer-${i % customers}`,
    sequence: Math.floor(i / customers),
  }));

/** Watches what the listeners do, and notes everything that key order rules out. */
export class OrderBook {
  readonly #next = new Map<string, number>();
  readonly #busy = new Set<string>();
  received = 0;
  /** Orders that came before, or after, their turn. */
  outOfTurn = 0;
  /** Orders of a customer that began while another of the same customer was being handled. */
  overlapping = 0;
  /** The most listeners that ran at once. */
  mostAtOnce = 0;

  begin({ customer, sequence }: Order): void {
    const expected = this.#next.get(customer) ?? 0;
    if (sequence !== expected) this.outOfTurn++;
    this.#next.set(customer, sequence + 1);
    if (this.#busy.has(customer)) this.overlapping++;
    this.#busy.add(customer);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#busy.size);
  }

  end({ customer }: Order): void {
    this.#busy.delete(customer);
    this.received++;
  }
}
