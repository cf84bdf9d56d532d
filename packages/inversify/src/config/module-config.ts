import type { ConsumerOptions, KafkaOptions, ProducerOptions } from '@hearken/client-kafkajs';
import type { Clock, ConsumerRecord, Logger, ProducerFactory } from '@hearken/core';
import type { RepliesOptions } from '@hearken/listener';
import type { PriorityKafkaTemplateOptions } from '@hearken/priority';
import type { KafkaTemplateOptions } from '@hearken/template';
import type { Container, ResolutionContext } from 'inversify';
import type { CheckLevels } from '../application/start-checks.js';
import type { TopicDefinition, TopicSettings } from '../topics/new-topic.js';
import type { Environment } from './environment.js';
import type { ContainerOverrides, ContainerSettings } from './settings.js';

/** A Kafka to talk to, and what its producers and consumers are told beside what holds for all clusters. */
export interface ClusterConfig extends KafkaOptions {
  readonly producer?: ProducerOptions;
  readonly consumer?: ConsumerOptions;
}

interface TemplatePlacement {
  /** @default 'default' */
  readonly cluster?: string;
  /** Gives the template a producer of its own, told this over what the cluster's are told. @default it shares the cluster's */
  readonly producer?: ProducerOptions;
}

/** A method, so that a checker of one type of replies is taken. */
interface ReplyChecker {
  errorChecker?(reply: ConsumerRecord<unknown, unknown>): unknown;
}

interface ReplyPlacement {
  /** Where replies are read from, and how long they are waited for. Read from before the first listener starts. */
  readonly replies?: Omit<RepliesOptions<unknown, unknown>, 'errorChecker'> & ReplyChecker;
  /** With `replies`: what the consumer that reads them is told, over what the cluster's are told. */
  readonly consumer?: ConsumerOptions;
}

/** What a template is told; with `levels` it is a `PriorityKafkaTemplate`, with `replies` a `ReplyingKafkaTemplate`. */
export type TemplateConfig = TemplatePlacement &
  ReplyPlacement &
  KafkaTemplateOptions<unknown, unknown> &
  Partial<PriorityKafkaTemplateOptions<unknown, unknown>>;

/** All that an application has to do with Kafka. */
export interface KafkaModuleConfig {
  /** By name. The one named 'default', or the only one, is meant where none is named. */
  readonly clusters: Readonly<Record<string, ClusterConfig>>;
  /** For the producers of all clusters. */
  readonly producer?: ProducerOptions;
  /** For the consumers of all clusters. */
  readonly consumer?: ConsumerOptions;
  /**
   * Templates by name: `@inject(KafkaTemplate) @named('audit')`; 'default' is injected without a name too, and is there if
   * nothing is said of it. Where none of a class is named 'default', the only one is meant. A function may look up what the
   * template needs, as for a bean; it makes templates without `levels` and `replies`.
   */
  readonly templates?: Readonly<Record<string, TemplateConfig | ((context: ResolutionContext) => TemplateConfig)>>;
  /**
   * Makes of a cluster's producer factory what a template is given, for each template: a `tracingProducerFactory`, for one.
   * @default the factory as it is
   */
  readonly wrapProducerFactory?: (factory: ProducerFactory) => ProducerFactory;
  /**
   * What containers are told that name this factory, or none and it is 'default'. A function gets the container once the
   * application starts: for an error handler that needs a template.
   */
  readonly factories?: Readonly<
    Record<string, ContainerSettings | ((container: Container) => ContainerSettings | Promise<ContainerSettings>)>
  >;
  /** By id: overrules what factories and decorators say. An id that no listener has is an error. */
  readonly containers?: Readonly<Record<string, ContainerOverrides>>;
  /** Ids in `containers` of listeners that are registered while the application runs; `tenant-*` for several. @default none */
  readonly laterContainers?: readonly string[];
  /** Created, or compared, as the application starts; see `newTopic`. */
  readonly topics?: readonly TopicDefinition[];
  /** What becomes of `topics`. */
  readonly admin?: TopicSettings;
  /** What follows what the application finds out about its listeners as it starts. @default 'warn' for all */
  readonly checks?: CheckLevels;
  /**
   * Variables that overrule all of this: `HEARKEN_CONTAINERS_BILLING_CONCURRENCY=16`. false: none.
   * @default process.env
   */
  readonly environment?: Environment | false;
  /** Of the application, and of clusters, containers and templates that name none. @default warnings and errors to stderr */
  readonly logger?: Logger;
  /** @default the system's */
  readonly clock?: Clock;
}
