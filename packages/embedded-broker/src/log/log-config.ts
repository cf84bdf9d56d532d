/** What a topic's configuration says about its logs. Read anew on each use, because AlterConfigs changes it. */
export interface LogConfig {
  /** `max.message.bytes`, of a batch as it came. */
  readonly maxMessageBytes: number;
  /** `retention.bytes`; -1 keeps everything. */
  readonly retentionBytes: number;
  /** `message.timestamp.type`. */
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  /** Whether `cleanup.policy` contains `compact`: a record without a key is refused then. Nothing is compacted. */
  readonly compacted: boolean;
  /** Whether `cleanup.policy` contains `delete`: only then is there retention. @default true */
  readonly deletes?: boolean;
  /** `message.timestamp.before.max.ms`: how far behind the broker's clock a record's own time may be. @default Infinity */
  readonly timestampBeforeMaxMs?: number;
  /** `message.timestamp.after.max.ms`: how far ahead it may be. @default Infinity */
  readonly timestampAfterMaxMs?: number;
}
