import { isBatch } from '../endpoint/declaration-rules.js';
import type { DeclaredListener, ListenerMethod } from '../endpoint/declared-listener.js';
import type { KafkaListenerEndpoint, ListenerNeed } from '../endpoint/kafka-listener-endpoint.js';
import type { Lookup } from '../endpoint/lookup.js';
import type { SchemaOf } from './checked-serde.js';
import { Handlers } from './handlers.js';
import { batchCall, recordCall, type RecordCall } from './method-call.js';
import { replying } from './replying.js';

/** What calls the methods of a bean, and what payloads they want. */
export interface Listening extends Pick<KafkaListenerEndpoint, 'listener' | 'batchListener' | 'needs'> {
  readonly schemaOf?: SchemaOf | undefined;
}

/** By what a `@KafkaListener` on a class chooses unless it says so: where Spring's JSON serialiser names the type. */
const TYPE_HEADER = '__TypeId__';

export async function listeningOf(
  bean: object,
  { where, options, target }: DeclaredListener,
  lookup: Lookup,
): Promise<Listening> {
  if (!('where' in target)) {
    const handlers = await Promise.all(
      target.map(async (method) => ({ ...method, schema: schemaIn(method), call: await callOf(bean, method, lookup) })),
    );
    const { handle, schemaOf, hasSchema } = new Handlers(where, handlers, options.discriminator ?? TYPE_HEADER);
    return { listener: handle, schemaOf: hasSchema ? schemaOf : undefined, ...needsOf(target) };
  }
  const schema = schemaIn(target);
  const schemaOf = schema === undefined ? undefined : () => schema;
  const needs = needsOf([target]);
  if (isBatch(options.batch)) return { batchListener: batchCall(bean, target.name, target.plan), schemaOf, ...needs };
  return { listener: await callOf(bean, target, lookup), schemaOf, ...needs };
}

/** Nothing where nobody needs anything: an endpoint has only what somebody wrote. */
function needsOf(methods: readonly ListenerMethod[]): Pick<KafkaListenerEndpoint, 'needs'> {
  const needs = methods.flatMap(({ where, plan }) =>
    plan.flatMap(({ needs: what, decorator }): ListenerNeed[] =>
      what === undefined ? [] : [{ what, because: `${where} takes ${decorator}` }],
    ),
  );
  return needs.length === 0 ? {} : { needs };
}

const schemaIn = ({ plan }: ListenerMethod) => plan.find(({ schema }) => schema !== undefined)?.schema;

async function callOf(bean: object, { where, name, plan, reply }: ListenerMethod, lookup: Lookup): Promise<RecordCall> {
  const call = recordCall(bean, name, plan);
  if (reply === undefined) return call;
  const template = await lookup.template(reply, where);
  const topic = reply.topic === undefined ? undefined : await lookup.attribute(reply.topic, `${where} @SendTo`);
  return template === undefined ? call : replying(call, template, topic);
}
