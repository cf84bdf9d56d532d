import { errorCodes, type FindCoordinatorResponse } from '@hearken/protocol';
import { brokerError } from '../errors.js';
import { backOffMs } from './back-off.js';
import type { Pauses } from './pauses.js';

/** After a cluster's start the topic of committed offsets has no leaders for a moment; this many tries span about 10 s. */
const MAX_ATTEMPTS = 14;

/** Which node coordinates which group, as long as nobody says otherwise. */
export class Coordinators {
  readonly #pauses: Pauses;
  readonly #find: (groupId: string) => Promise<FindCoordinatorResponse>;
  readonly #nodes = new Map<string, Promise<number>>();

  /** @param find asks any node */
  constructor(pauses: Pauses, find: (groupId: string) => Promise<FindCoordinatorResponse>) {
    this.#pauses = pauses;
    this.#find = find;
  }

  /**
   * The coordinator's node id. Calls at the same time share one look-up; a coordinator that is not there yet is waited for,
   * about 10 s.
   * @throws KafkaBrokerError `COORDINATOR_NOT_AVAILABLE`, `GROUP_AUTHORIZATION_FAILED`, `INVALID_GROUP_ID`
   */
  coordinator(groupId: string): Promise<number> {
    const known = this.#nodes.get(groupId);
    if (known !== undefined) return known;
    const looking = this.#lookUp(groupId);
    this.#nodes.set(groupId, looking);
    looking.catch(() => {
      if (this.#nodes.get(groupId) === looking) this.#nodes.delete(groupId);
    });
    return looking;
  }

  /** The next call asks again: after NOT_COORDINATOR, or when the node cannot be reached. */
  forget(groupId: string): void {
    this.#nodes.delete(groupId);
  }

  async #lookUp(groupId: string): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const { errorCode, nodeId } = await this.#find(groupId);
      if (errorCode === 0) return nodeId;
      const mayStillCome = errorCode === errorCodes.COORDINATOR_NOT_AVAILABLE && attempt < MAX_ATTEMPTS;
      if (!mayStillCome) throw brokerError(errorCode, `the coordinator of group ${groupId}`);
      await this.#pauses.pause(backOffMs(attempt, Math.random()));
    }
  }
}
