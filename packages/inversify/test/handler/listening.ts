import { MessageListenerContainer, type ContainerProperties } from '@hearken/listener';
import { eventLoopTurn, FakeConsumerFactory, FakeLog, RecordingLogger, type RecordInit } from '@hearken/testing';
import { Container } from 'inversify';
import { endpoint } from '../decorators/beans.js';

export interface Listening {
  readonly container: MessageListenerContainer;
  /** Appends records to the topic `t`. */
  readonly give: (...records: readonly RecordInit[]) => void;
}

const running: MessageListenerContainer[] = [];

/** After each test. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((container) => container.stop()));
}

/** The only listener of a bean, on a container on a fake consumer; started. */
export async function listening(bean: object, beans = new Container()): Promise<Listening> {
  const { properties, listener, batchListener } = await endpoint(bean, beans);
  const log = new FakeLog();
  const factory = new FakeConsumerFactory({ groupId: 'g', log, assignOnSubscribe: [{ topic: 't', partition: 0 }] });
  const container = new MessageListenerContainer(
    factory,
    { topics: ['t'], ...properties, listener, batchListener } as ContainerProperties,
    { logger: new RecordingLogger() },
  );
  running.push(container);
  await container.start();
  return { container, give: (...records) => void log.append('t', 0, ...records) };
}

/** Waits, a turn of the event loop at a time, until so many records have ended. */
export async function ended({ container }: Listening, count: number): Promise<void> {
  for (let turns = 0; turns < 10_000; turns++) {
    const { processed, skipped, recovered } = container.metrics();
    if (processed + skipped + recovered >= count) return;
    await eventLoopTurn();
  }
  throw new Error(`not ${count} records ended`);
}
