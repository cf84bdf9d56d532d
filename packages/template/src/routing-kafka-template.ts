import type { CloseOptions, PartitionInfo, ProducerRecord } from '@hearken/core';
import { describe, hasMethods, OptionsCheck } from '@hearken/core/internal';
import { SendError } from './errors.js';
import type { KafkaTemplate, SendOptions, SendResult } from './kafka-template.js';

/** Topics, and the template that sends to them. */
export interface TemplateRoute<K, V> {
  /** A topic's name, or what its whole name matches. */
  readonly topics: string | RegExp;
  readonly template: KafkaTemplate<K, V>;
}

interface Route<K, V> {
  readonly matches: (topic: string) => boolean;
  readonly template: KafkaTemplate<K, V>;
}

/**
 * Sends each record by the template of the first route that its topic matches: other serdes, other acknowledgments or
 * another cluster for some topics. Spring's class of this name, which routes to producer factories; templates can do more.
 * What has no topic is asked of the templates themselves: `templateFor(topic).metrics()`.
 *
 * Records of one partition keep the order of their `send` calls, as they all go by one template.
 */
export class RoutingKafkaTemplate<K = unknown, V = unknown> implements AsyncDisposable {
  readonly #routes: readonly Route<K, V>[];

  /** @throws KafkaConfigError that names every route that is none */
  constructor(routes: readonly TemplateRoute<K, V>[]) {
    checkRoutes(routes);
    this.#routes = routes.map(({ topics, template }) => ({ matches: matcher(topics), template }));
  }

  /** Undefined if no route matches. */
  templateFor(topic: string): KafkaTemplate<K, V> | undefined {
    return this.#routes.find(({ matches }) => matches(topic))?.template;
  }

  /** As `KafkaTemplate.send`; without a route it rejects with a SendError, code `NO_ROUTE`. */
  send(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>;
  send(topic: string, value: V, options?: SendOptions<K>): Promise<SendResult<K, V>>;
  send(topicOrRecord: string | ProducerRecord<K, V>, value?: V, options?: SendOptions<K>): Promise<SendResult<K, V>> {
    const record = typeof topicOrRecord === 'object' ? topicOrRecord : { topic: topicOrRecord, value: value as V };
    const { topic } = Object(record) as typeof record; // null, as JavaScript may, must not throw here
    const template = this.templateFor(topic);
    if (template === undefined) return Promise.reject(noRoute(record));
    return template.send(topicOrRecord as string, value as V, options); // of either form: what is wrong with it, it says itself
  }

  /** Rejects as `send` does. */
  async partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    const template = this.templateFor(topic);
    if (template === undefined) throw noRoute({ topic, value: undefined });
    return template.partitionsFor(topic);
  }

  /** Flushes all templates; rejects with the first failure when all have ended. */
  async flush(): Promise<void> {
    await allOf(this.#templates.map((template) => template.flush()));
  }

  /** Closes all templates, at the same time. */
  async close(options?: CloseOptions): Promise<void> {
    await allOf(this.#templates.map((template) => template.close(options)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #templates(): readonly KafkaTemplate<K, V>[] {
    return [...new Set(this.#routes.map(({ template }) => template))];
  }
}

function checkRoutes(routes: unknown): void {
  const check = new OptionsCheck('RoutingKafkaTemplate');
  if (!Array.isArray(routes) || routes.length === 0) {
    check.problem('routes', `must be a list of at least one { topics, template }, got ${describe(routes)}`);
  } else routes.forEach((route: unknown, i) => checkRoute(check, route, `routes[${i}]`));
  check.throwIfAny();
}

function checkRoute(check: OptionsCheck, route: unknown, path: string): void {
  const { topics, template } = (route ?? {}) as Partial<TemplateRoute<unknown, unknown>>;
  if (!(topics instanceof RegExp) && (typeof topics !== 'string' || topics === ''))
    check.problem(`${path}.topics`, `must be a topic's name or a RegExp, got ${describe(topics)}`);
  if (!hasMethods(template, ['send', 'partitionsFor', 'flush', 'close']))
    check.problem(`${path}.template`, `must be a KafkaTemplate, got ${describe(template)}`);
}

/** The whole name, as in Spring; and without the state that a RegExp with the flag g or y keeps between its calls. */
function matcher(topics: string | RegExp): (topic: string) => boolean {
  if (typeof topics === 'string') return (topic) => topic === topics;
  const whole = new RegExp(`^(?:${topics.source})$`, topics.flags.replace(/[gy]/gu, ''));
  return (topic) => whole.test(topic);
}

const noRoute = <K, V>(record: ProducerRecord<K, V>): SendError<K, V> =>
  new SendError(record, 'no route matches its topic', { code: 'NO_ROUTE' });

async function allOf(ends: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(ends)) {
    if (end.status === 'rejected') throw end.reason;
  }
}
