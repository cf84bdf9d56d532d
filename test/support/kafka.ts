import { randomUUID } from 'node:crypto';

/** Kafka's address for this run: `npm test` starts one and says where. */
export function bootstrapServers(): string[] {
  const brokers = process.env.HEARKEN_BROKERS ?? '';
  if (brokers === '') throw new Error('HEARKEN_BROKERS must name a Kafka, as in 127.0.0.1:9092; `npm test` starts one');
  return brokers.split(',');
}

/**
 * A suite that needs real Kafka. Without one its tests count as skipped, unless HEARKEN_REQUIRE_KAFKA is 1: then they
 * run, and fail.
 */
export function describeWithKafka(title: string, suite: (this: Mocha.Suite) => void): void {
  const available = (process.env.HEARKEN_BROKERS ?? '') !== '' || process.env.HEARKEN_REQUIRE_KAFKA === '1';
  (available ? describe : describe.skip)(title, suite);
}

/** A name no other test and no earlier run has used, for topics and groups. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomUUID()}`;
