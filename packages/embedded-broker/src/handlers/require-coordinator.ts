import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { CoordinatorType } from '../cluster/coordinators.js';

/** @throws BrokerError `NOT_COORDINATOR` if another broker than the one that was asked coordinates this */
export function requireCoordinator(
  cluster: Pick<Cluster, 'coordinatorOf'>,
  type: CoordinatorType,
  key: string,
  askedNodeId: number,
): void {
  if (cluster.coordinatorOf(type, key) !== askedNodeId) throw new BrokerError('NOT_COORDINATOR');
}
