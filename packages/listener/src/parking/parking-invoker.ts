import type { Invoker } from '../dispatch/run.js';
import type { Work } from '../dispatch/work.js';
import { FOLLOW } from '../invoke/outcome.js';

/** Keeps records of parked keys from the listener: they follow what is parked, or wait until it is over. */
export class ParkingInvoker implements Invoker {
  readonly #invoker: Invoker;

  constructor(invoker: Invoker) {
    this.#invoker = invoker;
  }

  call(work: Work): unknown {
    const { parked } = work.ownership;
    if (parked === undefined) throw new TypeError('nobody knows what is parked of this partition');
    return parked.isParked(work.lead.record) ? FOLLOW : this.#invoker.call(work);
  }

  returned(work: Work, result: unknown): unknown {
    return result === FOLLOW ? FOLLOW : this.#invoker.returned(work, result);
  }

  failed(work: Work, error: unknown): unknown {
    return this.#invoker.failed(work, error);
  }
}
