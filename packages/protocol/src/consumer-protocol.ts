import { ProtocolError } from './errors.js';
import { Reader } from './reader.js';
import { array, int32, nullableBytes, nullableString, since, string, struct, type Wire } from './wire.js';
import { Writer } from './writer.js';

/** What a member tells the leader of its group: the metadata of a JoinGroup protocol of type `'consumer'`. */
export interface Subscription {
  readonly topics: readonly string[];
  /** The assignor's own. */
  readonly userData: Buffer | null;
  /** What the member still holds (KIP-429); eager assignors say it too. */
  readonly ownedPartitions: readonly TopicPartitions[];
  /** Of the ownership; -1 if unknown. */
  readonly generationId: number;
}

/** What the leader tells a member: the assignment of SyncGroup. */
export interface Assignment {
  readonly partitions: readonly TopicPartitions[];
  readonly userData: Buffer | null;
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** The newest version known: what Java's consumer writes, whatever its assignor. */
const VERSION = 3;

const topicPartitions = struct({ topic: string, partitions: array(int32) });

/** Kafka's ConsumerProtocolSubscription, v0-v3. v1 adds what is owned, v2 the generation, v3 the rack. */
const subscriptionWire = struct({
  topics: array(string),
  userData: nullableBytes,
  ownedPartitions: since(1, array(topicPartitions), []),
  generationId: since(2, int32, -1),
  rackId: since(3, nullableString, null),
});

/** Kafka's ConsumerProtocolAssignment, v0-v3, all alike. */
const assignmentWire = struct({ partitions: array(topicPartitions), userData: nullableBytes });

/** Topics are sorted, as Java's consumer does: a broker sees a member with other bytes as a changed member. */
export function encodeSubscription(subscription: Subscription): Buffer {
  const { topics, userData, ownedPartitions, generationId } = subscription;
  return encode(subscriptionWire, {
    topics: [...topics].sort(),
    userData,
    ownedPartitions: [...ownedPartitions].sort((one, other) => (one.topic < other.topic ? -1 : 1)),
    generationId,
    rackId: null,
  });
}

/** @throws ProtocolError `MALFORMED` */
export function decodeSubscription(bytes: Buffer): Subscription {
  const { topics, userData, ownedPartitions, generationId } = decode(subscriptionWire, bytes);
  return { topics, userData, ownedPartitions, generationId };
}

export const encodeAssignment = (assignment: Assignment): Buffer => encode(assignmentWire, assignment);

/**
 * No bytes at all, which a broker sends to a member that the leader left out, are no partitions.
 * @throws ProtocolError `MALFORMED`
 */
export const decodeAssignment = (bytes: Buffer): Assignment =>
  bytes.length === 0 ? { partitions: [], userData: null } : decode(assignmentWire, bytes);

function encode<T>(wire: Wire<T>, value: T): Buffer {
  const to = new Writer();
  to.int16(VERSION);
  wire.write(to, value, VERSION);
  return Buffer.concat(to.finish());
}

/** A newer version only adds fields at the end: read as the newest known. */
function decode<T>(wire: Wire<T>, bytes: Buffer): T {
  const from = new Reader(bytes);
  const version = from.int16();
  if (version < 0) throw new ProtocolError('MALFORMED', `consumer protocol of version ${version}`);
  return wire.read(from, Math.min(version, VERSION));
}
