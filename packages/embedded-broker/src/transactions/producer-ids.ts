/** Counts up the ids of a cluster's producers. None is given twice, so that one from before a reset cannot be another's. */
export class ProducerIds {
  #next = 0;

  next(): number {
    return this.#next++;
  }
}
