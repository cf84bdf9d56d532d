import type { ProducerFactory, ProducerRecord, Serde } from '@hearken/core';
import { KafkaTemplate, type KafkaTemplateOptions, type SendResult } from '@hearken/template';

const NOTHING: Serde<never> = { serialize: () => null, deserialize: () => null as never };

/** Rejects as any send that fails does, the producer listener told: by a template that can do nothing but fail. */
export function refused<K, V>(
  record: ProducerRecord<K, V>,
  error: unknown,
  { producerListener, logger }: KafkaTemplateOptions<K, V>,
): Promise<SendResult<K, V>> {
  const refusing: ProducerFactory = {
    createProducer() {
      throw error;
    },
    close: () => Promise.resolve(),
  };
  const options = { keySerde: NOTHING, valueSerde: NOTHING, producerListener, logger };
  return new KafkaTemplate<K, V>(refusing, options as KafkaTemplateOptions<K, V>).send(record);
}
