import { decodeResponse, encodeResponse, errorName } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { Cluster } from '../../dist/cluster/cluster.js';
import { BrokerConfig, type ConfigTexts } from '../../dist/config/broker-config.js';
import type { Handler, RequestContext } from '../../dist/handlers/handler.js';
import { ProducerIds } from '../../dist/transactions/producer-ids.js';

/** A cluster whose brokers are all up, without sockets. */
export function aCluster({ brokers = 1, config = {} }: { brokers?: number; config?: ConfigTexts } = {}): Cluster {
  const cluster = new Cluster({
    brokers,
    clusterId: 'cluster',
    clock: new ManualClock(),
    config: new BrokerConfig(config),
    producerIds: new ProducerIds(),
  });
  for (const nodeId of cluster.brokers.keys()) cluster.brokerUp(nodeId, 9091 + nodeId);
  return cluster;
}

export interface AskOptions {
  /** @default the newest */
  readonly version?: number;
  /** The broker asked. */
  readonly nodeId?: number;
}

export const contextOf = (version: number, nodeId = 1): RequestContext => ({
  version,
  nodeId,
  clientId: 'test',
  clientHost: '/127.0.0.1',
  signal: new AbortController().signal,
});

/** What a client reads of the answer in that version. */
export async function ask<Request, Response>(
  handler: Handler<Request, Response>,
  request: Request,
  options: AskOptions = {},
): Promise<Response> {
  const context = contextOf(options.version ?? handler.api.maxVersion, options.nodeId);
  const response = await handler.handle(request, context);
  if (response === undefined) throw new Error(`${handler.api.name} was not answered`);
  return asRead(handler, response, context);
}

/** What a client reads of the answer that refuses everything. */
export function refusal<Request, Response>(
  handler: Handler<Request, Response>,
  request: Request,
  errorCode: number,
  options: AskOptions = {},
): Response {
  const context = contextOf(options.version ?? handler.api.maxVersion, options.nodeId);
  return asRead(handler, handler.refuse(request, errorCode, context), context);
}

const asRead = <Request, Response>(
  { api }: Handler<Request, Response>,
  response: Response,
  { version }: RequestContext,
): Response => decodeResponse(api, version, Buffer.concat(encodeResponse(api, version, 0, response)).subarray(4));

/** `[name, 'ERROR_NAME', message]` of each. */
export const verdicts = (
  answers: readonly {
    readonly name: string | null;
    readonly errorCode: number;
    readonly errorMessage: string | null;
  }[],
): [string | null, string, string | null][] =>
  answers.map(({ name, errorCode, errorMessage }) => [name, errorName(errorCode), errorMessage]);
