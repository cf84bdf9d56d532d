import { randomBytes, randomUUID } from 'node:crypto';
import {
  defaultLogger,
  Headers,
  systemClock,
  type Bytes,
  type CloseOptions,
  type ConsumerFactory,
  type ConsumerRecord,
  type Logger,
  type ProducerFactory,
  type ProducerRecord,
} from '@hearken/core';
import { atOnce } from '@hearken/core/internal';
import { KafkaTemplate, SendError, type Sendable, type SendOptions } from '@hearken/template';
import { ReplyFailedError } from '../errors.js';
import { recordDecoder } from '../invoke/record-decoder.js';
import type { MessageListenerContainer } from '../message-listener-container.js';
import { requireDuration } from '../arguments.js';
import { PendingReplies, replyTemplateClosed } from './pending-replies.js';
import { KafkaHeaders } from './kafka-headers.js';
import { replyContainer } from './reply-container.js';
import {
  resolveReplies,
  type ReplyingKafkaTemplateOptions,
  type ResolvedReplies,
} from './replying-template-options.js';

/** What may be said about a request beside its topic and value. */
export interface RequestOptions<K = Sendable> extends SendOptions<K> {
  /** From the call until the reply is here, in milliseconds, from 1. @default the template's */
  readonly timeoutMs?: number;
  /** Ends the waiting; the request may be handled all the same. */
  readonly signal?: AbortSignal;
}

type Decode<K, V> = (raw: ConsumerRecord) => ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V>>;

/**
 * A template that can also ask: `sendAndReceive` sends a request and resolves with the record that answers it. Spring's class
 * of this name, with its headers and their encodings, so the other side may be a `@SendTo` of Spring or `replyTo` here.
 *
 * Replies are read by a container with a group of its own, so any number of instances can share a reply topic: what answers
 * a request of somebody else, or comes too late, is ignored and counted. `close` rejects what still waits, and so does a
 * container that fails for good, with what it failed with: make a new template then.
 */
export class ReplyingKafkaTemplate<K = Sendable, V = Sendable, RK = Bytes, RV = Bytes> extends KafkaTemplate<K, V> {
  /**
   * Of the container that reads replies: resolves when the template was closed, rejects with what it can no longer read them
   * for. Never an unhandled rejection.
   */
  readonly finished: Promise<void>;
  readonly #replies: Readonly<ResolvedReplies<RK, RV>>;
  readonly #decode: Decode<RK, RV>;
  readonly #pending: PendingReplies;
  readonly #container: MessageListenerContainer;
  readonly #logger: Logger;
  /** Why replies can no longer be read. */
  #failure: { readonly error: unknown } | undefined;
  #unmatched = 0;
  #closing: Promise<void> | undefined;

  /** @throws KafkaConfigError */
  constructor(
    producerFactory: ProducerFactory,
    consumerFactory: ConsumerFactory,
    { replies, ...options }: ReplyingKafkaTemplateOptions<K, V, RK, RV>,
  ) {
    super(producerFactory, options);
    const { clock = systemClock, logger = defaultLogger } = options;
    this.#replies = resolveReplies(consumerFactory, replies);
    const { keySerde, valueSerde, topic, groupPrefix = topic, maxPending } = this.#replies;
    this.#decode = recordDecoder(keySerde, valueSerde) as Decode<RK, RV>;
    this.#pending = new PendingReplies(clock, maxPending);
    this.#logger = logger;
    const groupId = `${groupPrefix}-${randomUUID()}`;
    const onReply = (reply: ConsumerRecord): void => this.#onReply(reply);
    this.#container = replyContainer(consumerFactory, { topic, groupId, onReply, clock, logger });
    this.finished = this.#container.finished;
    this.finished.catch((error: unknown) => this.#failed(error));
  }

  /** Requests that wait for their replies. */
  get pendingReplies(): number {
    return this.#pending.size;
  }

  /** Replies that nobody waited for: late ones, and those to other instances that share the topic. */
  get unmatchedReplies(): number {
    return this.#unmatched;
  }

  /**
   * Reads replies from now on; the first request does so by itself, but waits for it. Rejects with what the container could
   * not start for.
   */
  start(): Promise<void> {
    return this.#closing === undefined ? this.#container.start() : Promise.reject(replyTemplateClosed());
  }

  /**
   * Resolves with the reply. Rejects with a SendError if the request was not sent, ReplyTimeoutError, ReplyFailedError if the
   * responder says that it failed, what `replies.errorChecker` returned, DeserializationError for a reply that cannot be
   * decoded, the signal's reason, `TOO_MANY_PENDING_REPLIES`, or `TEMPLATE_CLOSED`.
   */
  async sendAndReceive(topic: string, value: V, options: RequestOptions<K> = {}): Promise<ConsumerRecord<RK, RV>> {
    if (!isObject(options)) throw invalid({ topic, value }, 'what follows the value must be an object such as { key }');
    const { timeoutMs = this.#replies.timeoutMs, signal, ...rest } = options;
    requireDuration('sendAndReceive', 'timeoutMs', timeoutMs);
    if (this.#closing !== undefined) throw replyTemplateClosed();
    const correlationId = randomBytes(16);
    const id = correlationId.toString('latin1');
    const headers = this.#headers({ topic, value, ...rest }, correlationId); // before anything waits: they may be refused
    const reply = this.#pending.add(id, { topic, timeoutMs, signal });
    this.#ask(id, topic, value, { ...rest, headers }).catch((error: unknown) => this.#pending.fail(id, error));
    return this.#checked(await reply);
  }

  /** Stops reading replies and rejects what waits for one; then as any template. */
  override close(options?: CloseOptions): Promise<void> {
    return (this.#closing ??= this.#close(options));
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    this.#pending.failAll(replyTemplateClosed());
    await this.#container.stop(options);
    await super.close(options);
  }

  #failed(error: unknown): void {
    this.#failure = { error };
    this.#pending.failAll(error);
  }

  async #ask(id: string, topic: string, value: V, options: SendOptions<K>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#container.start();
    if (this.#pending.has(id)) await this.send(topic, value, options); // else its time was over before it could be sent
  }

  #headers(request: ProducerRecord<K, V>, correlationId: Buffer): Headers {
    const headers = headersOf(request).set(KafkaHeaders.CORRELATION_ID, correlationId);
    if (!headers.has(KafkaHeaders.REPLY_TOPIC)) headers.set(KafkaHeaders.REPLY_TOPIC, this.#replies.topic);
    return headers;
  }

  #onReply(reply: ConsumerRecord): void {
    const id = reply.headers.get(KafkaHeaders.CORRELATION_ID)?.toString('latin1');
    if (id !== undefined && this.#pending.resolve(id, reply)) return;
    this.#unmatched++;
    const { topic, partition, offset } = reply;
    this.#logger.debug({ topic, partition, offset }, 'nobody waits for this reply: it is late, or to another instance');
  }

  async #checked(raw: ConsumerRecord): Promise<ConsumerRecord<RK, RV>> {
    const failure = raw.headers.string(KafkaHeaders.REPLY_ERROR);
    if (failure !== undefined)
      throw new ReplyFailedError(raw, failure, raw.headers.string(KafkaHeaders.REPLY_ERROR_CODE));
    const reply = await this.#decode(raw);
    const error = atOnce('errorChecker', this.#replies.errorChecker?.(reply));
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- whatever the checker made of it
    if (error !== undefined) throw error;
    return reply;
  }
}

const isObject = (options: unknown): boolean => typeof options === 'object' && options !== null;

function headersOf<K, V>(request: ProducerRecord<K, V>): Headers {
  try {
    return Headers.from(request.headers);
  } catch (cause) {
    throw invalid(request, (cause as Error).message, cause);
  }
}

const invalid = <K, V>(request: ProducerRecord<K, V>, problem: string, cause?: unknown): SendError<K, V> =>
  new SendError(request, problem, { code: 'INVALID_RECORD', cause });
