import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startKafka } from '@hearken/tools-kafka';

/** Sessions may be so short that a frozen process loses its partitions soon. */
export const MIN_SESSION_MS = 1_000;

export type BrokerKind = 'real' | 'embedded';

/** A broker that can die: real Kafka by SIGKILL, the embedded one in the way it has, which keeps its log. */
export interface CrashBroker extends AsyncDisposable {
  readonly brokers: string[];
  /** Goes down, and comes back. */
  bounce(): Promise<void>;
}

export const startBroker = (kind: BrokerKind): Promise<CrashBroker> =>
  kind === 'real' ? startReal() : startEmbedded();

async function startReal(): Promise<CrashBroker> {
  const kafka = await startKafka({ quickStart: true, config: { 'group.min.session.timeout.ms': MIN_SESSION_MS } });
  return {
    brokers: kafka.brokers,
    bounce: async () => {
      await kafka.kill();
      await kafka.start();
    },
    [Symbol.asyncDispose]: () => kafka.stop(),
  };
}

async function startEmbedded(): Promise<CrashBroker> {
  const child = fork(fileURLToPath(new URL('broker.js', import.meta.url)));
  const answer = async (): Promise<unknown> => ((await once(child, 'message')) as [unknown])[0];
  const tell = async (what: 'down' | 'up'): Promise<void> => {
    const told = answer();
    child.send(what);
    await told;
  };
  return {
    brokers: (await answer()) as string[],
    bounce: async () => {
      await tell('down');
      await tell('up');
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
