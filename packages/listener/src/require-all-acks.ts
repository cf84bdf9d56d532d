import { KafkaError, type Producer } from '@hearken/core';

/**
 * What only a leader has goes with it, though it was acknowledged: and what was written counts as done elsewhere.
 * @param what the template is for: "parking"
 * @throws KafkaError `ACKS_NOT_ALL`, unless nobody knows what the producer waits for
 */
export async function requireAllAcks(
  template: { execute<R>(callback: (producer: Producer) => R): Promise<R> },
  what: string,
): Promise<void> {
  const acks = await template.execute((producer) => producer.acks ?? 'all');
  if (acks === 'all') return;
  throw new KafkaError(
    `the producer of ${what}.template has acks ${acks}, by which a record that was acknowledged can be lost: it needs acks 'all'`,
    { code: 'ACKS_NOT_ALL' },
  );
}
