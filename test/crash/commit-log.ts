import { DefaultKafkaConsumerFactory, type Consumer, type ConsumerOverrides } from 'hearken';

/** Its consumers say when a commit goes out, and when it is over, well or not. */
export class CommitLoggingFactory extends DefaultKafkaConsumerFactory {
  /** Called before a commit, and after it. */
  says: (what: 'committing' | 'answered') => void = () => undefined;

  override createConsumer(overrides?: ConsumerOverrides): Consumer {
    const consumer = super.createConsumer(overrides);
    const commit = consumer.commit.bind(consumer);
    consumer.commit = async (offsets) => {
      this.says('committing');
      await commit(offsets).finally(() => this.says('answered'));
    };
    return consumer;
  }
}
