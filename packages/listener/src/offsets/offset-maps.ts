import type { Consumer, Logger, TopicPartitionOffset } from '@hearken/core';
import { describePartition } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import type { OffsetText } from './commit-metadata.js';
import type { EndedOffsets } from './ended-offsets.js';
import { endsOf } from './known-ends.js';
import { decodeOffsetMap, encodeOffsetMap, MAX_MAP_BYTES, maxOpenRanges, type MapOwner } from './offset-map.js';
import type { PendingOffset } from './pending-offset.js';

export interface OffsetMapsInit {
  readonly consumer: Pick<Consumer, 'topicId'>;
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly logger: Logger;
}

/** Commits tell which records behind the offset have ended; whoever has the partition next reads it, and spares them. */
export class OffsetMaps implements OffsetText {
  readonly #init: OffsetMapsInit;
  #maxBytes = MAX_MAP_BYTES;

  constructor(init: OffsetMapsInit) {
    this.#init = init;
  }

  /** With what ended behind it. Costs nothing where records end in order. */
  addTo(pending: PendingOffset): PendingOffset {
    const { ownership, at } = pending;
    const { tracker, known } = ownership;
    if (!tracker.hasGaps && known === undefined) return pending;
    const ended = endsOf(ownership, maxOpenRanges(this.#maxBytes));
    const map = encodeOffsetMap(ended, this.#ownerOf(at), this.#maxBytes);
    if (map === undefined) return pending;
    const { text: metadata, isWhole } = map;
    return { ownership, at: { ...at, metadata }, told: { ended: tracker.endedCount, isWhole } };
  }

  /** What the group was told with the offset that it committed; whatever else stands there changes nothing. */
  read(committed: TopicPartitionOffset): EndedOffsets | undefined {
    const { metadata = '' } = committed;
    if (metadata === '') return undefined;
    const found = decodeOffsetMap(metadata, this.#ownerOf(committed));
    if (typeof found !== 'string') return found;
    const { counters, events, logger } = this.#init;
    const { topic, partition, offset } = committed;
    counters.offsetMapsIgnored++;
    const details = { partition: describePartition(committed), offset, metadata, reason: found };
    logger.warn(
      details,
      'what is kept with a committed offset is no map of what ended behind it: all of that comes again',
    );
    events.emit('offset-map:ignored', { topic, partition, offset, metadata, reason: found });
    return undefined;
  }

  /** The broker takes less than others do: half of it may do, and none is written if that is next to nothing. */
  tooLong(): void {
    this.#maxBytes = Math.floor(this.#maxBytes / 2);
  }

  #ownerOf(at: TopicPartitionOffset): MapOwner {
    const { topic, partition, offset } = at;
    return { topic, partition, offset, topicId: this.#init.consumer.topicId?.({ topic, partition }) };
  }
}
