/** Kafka's request types by their keys on the wire, as far as clients send them. */
const API_KEYS = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  DescribeConfigs: 32,
  AlterConfigs: 33,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  DeleteGroups: 42,
  ElectLeaders: 43,
  IncrementalAlterConfigs: 44,
  AlterPartitionReassignments: 45,
  OffsetDelete: 47,
} as const;

/** A request type, by Kafka's name for it. */
export type ApiName = keyof typeof API_KEYS;

/** Which way bytes go: a request from the client to the broker, a response back. */
export type ProxyDirection = 'request' | 'response';

/**
 * What a proxy passes on or does not: one request or response. Over TLS it is a piece of the stream, and its API is
 * unknown. The end of a connection is one too, without bytes.
 */
export interface ProxyFrame {
  readonly direction: ProxyDirection;
  /** The broker's address, `host:port`. */
  readonly broker: string;
  /** Tells connections apart; the first is 1. */
  readonly connection: number;
  /** As on the wire, the size in front included. */
  readonly bytes: Buffer;
  /** The number of the request type; a response has its request's. */
  readonly apiKey?: number;
  readonly apiVersion?: number;
  readonly correlationId?: number;
}

/** Which frames are meant: those of which all that is given holds. `{}` is every one, the end of a connection included. */
export interface FrameMatch {
  /** Its name, or its number if it has no name here. */
  readonly api?: ApiName | number;
  readonly direction?: ProxyDirection;
  /** The broker's address, `host:port`. */
  readonly broker?: string;
  readonly connection?: number;
  readonly correlationId?: number;
  readonly where?: (frame: ProxyFrame) => boolean;
  /** Only this one of those, counted from 1 and from now on, over all connections. @default all */
  readonly nth?: number;
}

/** Whether the frame is meant, `nth` aside. */
export function isMeant(frame: ProxyFrame, match: FrameMatch): boolean {
  const apiKey = typeof match.api === 'string' ? API_KEYS[match.api] : match.api;
  return (
    sameIfGiven(apiKey, frame.apiKey) &&
    sameIfGiven(match.direction, frame.direction) &&
    sameIfGiven(match.broker, frame.broker) &&
    sameIfGiven(match.connection, frame.connection) &&
    sameIfGiven(match.correlationId, frame.correlationId) &&
    (match.where?.(frame) ?? true)
  );
}

const sameIfGiven = <T>(wanted: T | undefined, found: T | undefined): boolean =>
  wanted === undefined || wanted === found;
