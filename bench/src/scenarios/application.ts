import { DefaultKafkaConsumerFactory, KafkaAdmin, MessageListenerContainer } from 'hearken';
import { KafkaListener, kafkaModule, listenersModule, startKafka } from '@hearken/inversify';
import { Container, injectable, type Newable } from 'inversify';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Listener beans of an application, each with a topic and a group of its own. */
  listeners: 200,
};
type ApplicationSettings = typeof settings;
type Context = TurnContext<ApplicationSettings>;

/** How long an application of many listener beans takes to start and to stop; beside it the same containers without one. */
export const application = defineScenario<ApplicationSettings>({
  settings,
  contests: {
    'start and stop': {
      broker: 'embedded',
      hearken: beans,
      peers: { 'containers alone': containersAlone },
      compared: ['startMs', 'cpuMs', 'stopMs'],
      gates: [{ figure: 'startMs', atMost: 2_000 }],
    },
  },
});

const topicsOf = ({ listeners }: ApplicationSettings): string[] =>
  Array.from({ length: listeners }, (_, i) => `application-${i}`);

async function beans({ brokers, settings }: Context): Promise<Figures> {
  const topics = topicsOf(settings);
  await makeTopics(brokers, topics);
  const container = new Container();
  container.load(
    kafkaModule({ clusters: { default: { brokers } }, environment: {} }),
    listenersModule(...topics.map(listenerOf)),
  );
  return measured(
    () => startKafka(container, { signals: false }),
    (app) => app.stop(),
  );
}

async function containersAlone({ brokers, settings }: Context): Promise<Figures> {
  const topics = topicsOf(settings);
  await makeTopics(brokers, topics);
  const factory = new DefaultKafkaConsumerFactory({ brokers });
  return measured(
    async () => {
      const containers = topics.map(
        (topic) =>
          new MessageListenerContainer(factory, { topics: [topic], groupId: topic, listener: () => undefined }),
      );
      await Promise.all(containers.map((one) => one.start()));
      return containers;
    },
    (containers) => Promise.all(containers.map((one) => one.stop())),
  );
}

async function measured<T>(start: () => Promise<T>, stop: (started: T) => Promise<unknown>): Promise<Figures> {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  const started = await start();
  const startMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  const stoppedAt = performance.now();
  await stop(started);
  return { startMs, cpuMs: (user + system) / 1000, stopMs: performance.now() - stoppedAt };
}

/** Topics of an earlier turn are left as they are. */
async function makeTopics(brokers: string[], topics: readonly string[]): Promise<void> {
  await using admin = new KafkaAdmin({ brokers });
  await admin.createTopics(topics.map((topic) => ({ topic, partitions: 1 })));
}

/** A class as a user writes one; decorated by calls, as it is made in a loop. */
function listenerOf(topic: string): Newable {
  class Listener {
    on(): void {
      // nothing to do: the start is measured
    }
  }
  const method = Object.getOwnPropertyDescriptor(Listener.prototype, 'on');
  KafkaListener({ id: topic, topics: [topic], groupId: topic })(Listener.prototype, 'on', method ?? {});
  injectable()(Listener);
  return Listener;
}
