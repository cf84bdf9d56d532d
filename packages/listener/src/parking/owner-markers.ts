/** An owner of the partition began here. */
interface OwnerMarker {
  readonly at: number;
  readonly generation: number;
}

/**
 * Tells records that came too late from those that were parked in time. Each owner writes a marker with the generation of its
 * group into the parked partition before it reads that, and signs with the generation what it parks. Late is what stands behind a
 * marker of a higher generation than its own; it is passed over, and its record is not lost by that:
 *
 * 1. The marker was written by a member to which the partition was assigned in that generation. It is higher, so whoever
 *    signed the record owned the partition before, and had given it up by then, or was thrown out: the group moved on.
 * 2. The record stands behind the marker, so its acknowledgment came later still. What is acknowledged after a partition was
 *    given up counts no more (`Ownership.isOver`), and of one that was thrown out and does not know it the group refuses every
 *    commit: of another generation (`ILLEGAL_GENERATION`), or member.
 * 3. So nothing was committed because it was parked there. Either the new owner got the record straight, or another copy of it
 *    was parked in time, or it had ended.
 *
 * Who does not know that it is an owner no more works off what it parked itself all the same: else it would take a key for free
 * whose records it passed over.
 *
 * The other way round, what was committed because it was parked is never late: the commit was taken, so its generation was
 * still the group's or its successor had not begun, and the record stood there before.
 *
 * Markers come late too. D's is on its way when A gets the partition, writes its own, and parks; then D's arrives. It has the
 * lower generation, and changes nothing: `before` knows the highest only. That is why it is the generation that counts, and
 * not whose marker came last.
 *
 * Generations begin anew when a group was deleted, and a static member that was replaced leaves its own to its successor. So an
 * owner signs only what it parks if every other marker ahead of its own is of a lower generation; what is not signed is never late,
 * and may come once more, as if there were no markers.
 */
export class OwnerMarkers {
  /** Each higher than those before it. */
  readonly #markers: OwnerMarker[];

  /** @param generation the highest of those below where reading begins, as far as that is known */
  constructor(generation = -1) {
    this.#markers = [{ at: -1, generation }];
  }

  /** In any order, and as often as it is read. */
  add(marker: OwnerMarker): void {
    if (this.before(marker.at + 1) >= marker.generation) return;
    const next = this.#markers.findIndex(({ at }) => at > marker.at);
    const later = next < 0 ? [] : this.#markers.splice(next);
    this.#markers.push(marker, ...later.filter(({ generation }) => generation > marker.generation));
  }

  /** The highest generation of all below this offset; -1 if none is known. */
  before(offset: number): number {
    return this.#markers.findLast(({ at }) => at < offset)?.generation ?? -1;
  }

  /** @param generation by which the record at the offset is signed */
  isLate(offset: number, generation: number | undefined): boolean {
    return generation !== undefined && this.before(offset) > generation;
  }
}
