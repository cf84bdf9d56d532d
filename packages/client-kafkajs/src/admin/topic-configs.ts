import { retrying, throwIfAny, type AdminClient } from './admin-client.js';

/** Kafka's number of a topic among what has settings. */
const TOPIC = 2;

interface ConfigsAnswer {
  readonly resources: readonly {
    readonly errorCode: number;
    readonly errorMessage: string | null;
    readonly resourceName: string;
    readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
  }[];
}

/** See `KafkaAdmin.topicConfigs`. */
export async function topicConfigs(
  admin: AdminClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  return retrying(admin, async () => {
    await admin.cluster.refreshNodes();
    const args = { resources: names.map((name) => ({ type: TOPIC, name })) };
    const { resources } = (await admin.cluster.sendKafkajs(undefined, 'DescribeConfigs', args)) as ConfigsAnswer;
    throwIfAny(
      resources.map(({ resourceName, errorCode, errorMessage }) => ({
        about: `topic ${resourceName}`,
        errorCode,
        message: errorMessage,
      })),
    );
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue ?? ''])),
      ]),
    );
  });
}
