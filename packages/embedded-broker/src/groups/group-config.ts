/** What a group coordinator is told; read anew for each request. */
export interface GroupConfig {
  /** `group.min.session.timeout.ms`, in milliseconds. */
  readonly minSessionTimeoutMs: number;
  /** `group.max.session.timeout.ms`, in milliseconds. */
  readonly maxSessionTimeoutMs: number;
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members after its first, in milliseconds. */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size`: members of one group. */
  readonly maxGroupSize: number;
  /** `offset.metadata.max.bytes`: length of the text kept with an offset. Kafka counts UTF-16 units, not bytes. */
  readonly offsetMetadataMaxBytes: number;
}
