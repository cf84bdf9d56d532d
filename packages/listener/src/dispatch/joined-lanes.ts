import type { Lane, LaneItem } from './lane.js';

/**
 * Which lanes have records in work that another one runs, their lead: all of them are closed for as long as any of their
 * records is not done with.
 */
export class JoinedLanes<Item extends LaneItem<Item>, Work> {
  readonly #leads = new Map<Lane<Item, Work>, Lane<Item, Work>>();
  /** By lead. */
  readonly #joined = new Map<Lane<Item, Work>, Lane<Item, Work>[]>();

  /** @param lane not joined to another */
  join(lead: Lane<Item, Work>, lane: Lane<Item, Work>): void {
    lane.state = 'joined';
    this.#leads.set(lane, lead);
    const joined = this.#joined.get(lead);
    if (joined === undefined) this.#joined.set(lead, [lane]);
    else joined.push(lane);
  }

  /** They are joined to the lead no more. */
  part(lead: Lane<Item, Work>): readonly Lane<Item, Work>[] {
    const joined = this.#joined.get(lead);
    if (joined === undefined) return [];
    this.#joined.delete(lead);
    for (const lane of joined) this.#leads.delete(lane);
    return joined;
  }

  of(lead: Lane<Item, Work>): readonly Lane<Item, Work>[] {
    return this.#joined.get(lead) ?? [];
  }

  leadOf(lane: Lane<Item, Work>): Lane<Item, Work> | undefined {
    return this.#leads.get(lane);
  }
}
