import { javaHashCode } from '../java-hash-code.js';

/** What a coordinator is asked for: a group, or a transactional id. */
export type CoordinatorType = 'group' | 'transaction';

/** Partitions of Kafka's `__consumer_offsets` and `__transaction_state`, whose leaders the coordinators are. */
const PARTITIONS = 50;

/** Which broker coordinates what. Stable: a broker that goes down moves only what it coordinated, and has it back later. */
export class Coordinators {
  readonly #nodeIds: readonly number[];
  readonly #isLive: (nodeId: number) => boolean;
  readonly #moved = new Map<string, number>();

  /** @param nodeIds all brokers, in order, whether live or not */
  constructor(nodeIds: readonly number[], isLive: (nodeId: number) => boolean) {
    this.#nodeIds = nodeIds;
    this.#isLive = isLive;
  }

  /** @returns -1 if no broker is live */
  of(type: CoordinatorType, key: string): number {
    const moved = this.#moved.get(keyOf(type, key));
    if (moved !== undefined && this.#isLive(moved)) return moved;
    const home = (Math.abs(javaHashCode(key)) % PARTITIONS) % this.#nodeIds.length;
    const inTurn = [...this.#nodeIds.slice(home), ...this.#nodeIds.slice(0, home)];
    return inTurn.find(this.#isLive) ?? -1;
  }

  /** From now on that broker, as long as it is live. */
  move(type: CoordinatorType, key: string, toNodeId: number): void {
    this.#moved.set(keyOf(type, key), toNodeId);
  }
}

const keyOf = (type: CoordinatorType, key: string): string => `${type} ${key}`;
