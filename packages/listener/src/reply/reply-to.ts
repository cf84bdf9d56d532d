import { Headers, isKafkaError, type ConsumerRecord, type ProducerRecord } from '@hearken/core';
import { NoReplyTopicError } from '../errors.js';
import { KafkaHeaders } from './kafka-headers.js';

/**
 * The record that answers a request: to the topic and partition that the request names, with its key and its correlation id.
 * What Spring's `@SendTo` sends, so a `ReplyingKafkaTemplate` of either side understands it.
 * @param topic where it goes whatever the request says. The request's partition counts all the same, as it does in Spring
 * @throws NoReplyTopicError if neither names a topic
 */
export function replyTo<K, V>(request: ConsumerRecord<K, unknown>, value: V, topic?: string): ProducerRecord<K, V> {
  const destination = topic ?? request.headers.string(KafkaHeaders.REPLY_TOPIC);
  if (destination === undefined || destination === '') throw new NoReplyTopicError(request);
  const partition = partitionIn(request.headers);
  const headers = Headers.from();
  const correlationId = request.headers.get(KafkaHeaders.CORRELATION_ID);
  if (correlationId != null) headers.set(KafkaHeaders.CORRELATION_ID, correlationId);
  return { topic: destination, key: request.key, value, headers, ...(partition === undefined ? {} : { partition }) };
}

/**
 * The record that tells the asker that its request failed: a null value, and in headers what with. Its `sendAndReceive`
 * rejects with a ReplyFailedError. Spring has no such reply; its side needs a `replyErrorChecker` for `hearken_replyError`.
 * @param error its message is sent, and its code if it is one of Hearken's: nothing else
 * @throws NoReplyTopicError as above
 */
export function failureReplyTo<K>(
  request: ConsumerRecord<K, unknown>,
  error: unknown,
  topic?: string,
): ProducerRecord<K, null> {
  const reply = replyTo(request, null, topic);
  const headers = Headers.from(reply.headers).set(
    KafkaHeaders.REPLY_ERROR,
    error instanceof Error ? error.message : String(error),
  );
  if (isKafkaError(error)) headers.set(KafkaHeaders.REPLY_ERROR_CODE, error.code);
  return { ...reply, headers };
}

/** What is no partition is none: the reply then goes where its key says. */
function partitionIn(headers: Headers): number | undefined {
  const bytes = headers.get(KafkaHeaders.REPLY_PARTITION);
  if (bytes?.length !== 4) return undefined;
  const partition = bytes.readInt32BE();
  return partition >= 0 ? partition : undefined;
}
