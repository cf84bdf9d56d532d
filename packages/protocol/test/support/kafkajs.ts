import { createRequire } from 'node:module';

export interface KafkajsDecoder {
  decode(body: Buffer): Promise<Record<string, unknown>>;
}
interface KafkajsModules {
  request: (args: object) => { apiKey: number; apiVersion: number };
  response: KafkajsDecoder;
}
const require = createRequire(import.meta.url);

/** One half of one version of an API in kafkajs 2.2.4, by the name of its directory: `'createTopics'`. */
export const kafkajs = <K extends keyof KafkajsModules>(api: string, version: number, kind: K): KafkajsModules[K] =>
  require(`kafkajs/src/protocol/requests/${api}/v${version}/${kind}`) as KafkajsModules[K];

/** The whole frame of a request that {@link kafkajs} made. */
export const kafkajsFrame = require('kafkajs/src/protocol/request') as (args: object) => Promise<{ buffer: Buffer }>;
