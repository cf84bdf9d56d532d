import type { Cluster } from '../cluster/cluster.js';
import type { Metadata } from '../cluster/metadata.js';

/** What a producer needs of its cluster. */
export interface ProducerCluster extends Pick<Cluster, 'send' | 'sendToAny' | 'close'> {
  readonly metadata: Pick<Metadata, 'topic' | 'ageMs' | 'refresh' | 'ensure' | 'forget'>;
}
