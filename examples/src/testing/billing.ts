import { DefaultKafkaConsumerFactory, json, MessageListenerContainer, type KafkaOptions } from 'hearken';

export interface Order {
  readonly total: number;
}

/** What the tests of this folder test: bills the orders of the topic `orders`. */
export const billing = (kafka: KafkaOptions): MessageListenerContainer<Buffer | null, Order> =>
  new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId: 'billing', autoOffsetReset: 'earliest' }),
    {
      topics: ['orders'],
      valueSerde: json<Order>(),
      ordering: 'key',
      listener: ({ value }) => {
        if (value.total < 0) throw new RangeError(`a total of ${value.total}`);
      },
    },
  );
