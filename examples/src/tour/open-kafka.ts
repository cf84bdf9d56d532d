import { EmbeddedKafka } from '@hearken/embedded-broker';
import { TcpProxy } from '@hearken/testing';
import type { KafkaOptions } from 'hearken';

/** The Kafka that the tour runs on. */
export interface TourKafka {
  readonly name: string;
  readonly options: KafkaOptions;
  /** The same for a producer to whose topic the broker will lose an answer. */
  readonly unreliable: KafkaOptions;
  /** The broker takes the third Produce request from now on and its answer is lost. Returns whether that happened yet. */
  loseProduceAnswer(topic: string): Promise<() => boolean>;
  close(): Promise<void>;
}

const THIRD = 3;

/** HEARKEN_BROKERS names a Kafka; without it the tour brings its own. */
export const openKafka = (): Promise<TourKafka> => {
  const given = process.env.HEARKEN_BROKERS;
  return given ? openGiven(given.split(',')) : startEmbedded();
};

async function startEmbedded(): Promise<TourKafka> {
  const broker = await EmbeddedKafka.start({ autoCreate: false });
  const options = { brokers: broker.brokers, clientId: 'tour' };
  return {
    name: `the embedded broker at ${broker.brokers.join(',')}`,
    options,
    unreliable: options,
    async loseProduceAnswer(topic) {
      const fault = await broker.faults.on({ api: 'Produce', topic, nth: THIRD }).dropResponse();
      return () => fault.hits === 1;
    },
    close: () => broker.stop(),
  };
}

/** A real cluster loses no answer on demand, so that a proxy between it and the producer does. */
async function openGiven(brokers: readonly string[]): Promise<TourKafka> {
  const proxy = await TcpProxy.start();
  const options = { brokers, clientId: 'tour' };
  return {
    name: `Kafka at ${brokers.join(',')}`,
    options,
    unreliable: { ...options, socketFactory: proxy.socketFactory },
    loseProduceAnswer() {
      const fault = proxy.swallow({ api: 'Produce', direction: 'response', nth: THIRD });
      return Promise.resolve(() => fault.hits === 1);
    },
    close: () => proxy.stop(),
  };
}
