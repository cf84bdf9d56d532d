import { createKafkaClient, setLogger } from 'kafka-ts';

type Client = ReturnType<typeof createKafkaClient>;

const quiet = (): void => undefined;
setLogger({ debug: quiet, info: quiet, warn: quiet, error: console.error });

export const kafkaTsClient = (brokers: string[]): Client =>
  createKafkaClient({
    clientId: 'bench-kafka-ts',
    bootstrapServers: brokers.map((broker) => {
      const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(broker) ?? [];
      return { host, port: Number(port) };
    }),
  });
