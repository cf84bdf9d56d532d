import { after, before, beforeEach } from 'node:test';
import type { EmbeddedKafka } from './embedded-kafka.js';
import { fixture, type FixtureOptions } from './fixture.js';

export type { FixtureOptions } from './fixture.js';

/**
 * An embedded Kafka for the tests of the suite that is being declared, or of the file: starts before the first of them, is as
 * new before each, stops after the last.
 *
 * ```ts
 * const kafka = embeddedKafka({ topics: ['orders:3'] });
 * test('…', async () => {
 *   const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers: kafka.brokers }));
 * ```
 *
 * @throws KafkaConfigError
 */
export const embeddedKafka = (options: FixtureOptions = {}): EmbeddedKafka =>
  fixture({ before, beforeEach, after }, options);
