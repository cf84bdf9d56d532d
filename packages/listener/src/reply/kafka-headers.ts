/** Names of headers that Spring Kafka and we share (its class `KafkaHeaders`), and of those that are our own. */
export const KafkaHeaders = {
  /** Which request a reply answers: bytes that only the asker understands. */
  CORRELATION_ID: 'kafka_correlationId',
  /** The topic that the asker reads replies from, as UTF-8. */
  REPLY_TOPIC: 'kafka_replyTopic',
  /** The partition of that topic, as four bytes, big-endian; without it any will do. */
  REPLY_PARTITION: 'kafka_replyPartition',
  /** In a reply of ours: the request failed, with this message, as UTF-8. */
  REPLY_ERROR: 'hearken_replyError',
  /** In such a reply: the code of the error, if it has one. */
  REPLY_ERROR_CODE: 'hearken_replyErrorCode',
  /** Set as a record of a range that was shed is given to its listener: topic, partition and offsets of the range, as UTF-8. */
  SHED_RANGE: 'hearken_shedRange',
} as const;
