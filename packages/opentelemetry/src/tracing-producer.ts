import {
  Headers,
  type CloseOptions,
  type PartitionInfo,
  type Producer,
  type ProducerMetrics,
  type ProducerRecord,
  type RecordMetadata,
  type SendMapper,
} from '@hearken/core';
import { context, propagation, SpanKind, trace, type Context, type Span } from '@opentelemetry/api';
import { ATTRIBUTE } from './attributes.js';
import { HEADER_GETTER, HEADER_SETTER, type Carrier } from './carrier.js';
import { endFailed } from './span-ends.js';
import type { Tracing } from './tracing-options.js';

/** Another producer, with a span for each of its sends. */
export class TracingProducer implements Producer {
  readonly acks?: NonNullable<Producer['acks']>;
  readonly #producer: Producer;
  readonly #tracing: Tracing;

  constructor(producer: Producer, tracing: Tracing) {
    this.#producer = producer;
    this.#tracing = tracing;
    if (producer.acks !== undefined) this.acks = producer.acks;
  }

  send(record: ProducerRecord): Promise<RecordMetadata> {
    return this.sendWith(record, AS_IT_IS, undefined);
  }

  sendWith<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, given: C): Promise<R> {
    const carrier = carrierOf(record);
    const parent = parentOf(carrier);
    const span = this.#start(record, parent);
    const sent = carrier === undefined ? record : injected(record, carrier, trace.setSpan(parent, span));
    if (!span.isRecording()) return this.#handOn(sent, mapper, given);
    const ending: SendMapper<undefined, R> = {
      result: (metadata) => {
        this.#endWritten(span, metadata);
        return mapper.result(metadata, given);
      },
      error: (error) => {
        endFailed(span, error);
        return mapper.error(error, given);
      },
    };
    return this.#handOn(sent, ending, undefined);
  }

  flush(): Promise<void> {
    return this.#producer.flush();
  }

  partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    return this.#producer.partitionsFor(topic);
  }

  metrics(): ProducerMetrics {
    return this.#producer.metrics();
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#producer.close(options);
  }

  #start({ topic, partition, key, value }: ProducerRecord, parent: Context): Span {
    const { tracer, named, keyOf } = this.#tracing;
    const attributes = named({
      [ATTRIBUTE.system]: 'kafka',
      [ATTRIBUTE.operationName]: 'send',
      [ATTRIBUTE.operationType]: 'send',
      [ATTRIBUTE.topic]: topic,
      [ATTRIBUTE.partition]: partition === undefined ? undefined : String(partition),
      [ATTRIBUTE.key]: keyOf(key),
      [ATTRIBUTE.tombstone]: value === null ? true : undefined,
    });
    return tracer.startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes }, parent);
  }

  /** Where nobody told the offset it is -1, and no attribute. */
  #endWritten(span: Span, { partition, offset }: RecordMetadata): void {
    const where = { [ATTRIBUTE.partition]: String(partition), ...(offset < 0 ? {} : { [ATTRIBUTE.offset]: offset }) };
    span.setAttributes(this.#tracing.named(where));
    span.end();
  }

  #handOn<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, given: C): Promise<R> {
    if (this.#producer.sendWith !== undefined) return this.#producer.sendWith(record, mapper, given);
    return this.#producer.send(record).then(
      (metadata) => mapper.result(metadata, given),
      (error: unknown) => Promise.reject(mapper.error(error, given)),
    );
  }
}

const AS_IT_IS: SendMapper<undefined, RecordMetadata> = {
  result: (metadata) => metadata,
  error: (error) => error as Error,
};

/**
 * A copy of the headers, which the caller may send again. Undefined where no propagator is registered, and for what are no
 * headers: the producer says so.
 */
function carrierOf({ headers }: ProducerRecord): Carrier | undefined {
  if (propagation.fields().length === 0) return undefined;
  try {
    return { headers: Headers.from(headers) };
  } catch {
    return undefined;
  }
}

function parentOf(carrier: Carrier | undefined): Context {
  const active = context.active();
  if (carrier === undefined || trace.getSpan(active) !== undefined) return active;
  return propagation.extract(active, carrier, HEADER_GETTER);
}

/** What a record that is handed on brought along goes first: of a field that is not written now, the old value would stay. */
function injected(record: ProducerRecord, carrier: Carrier, sending: Context): ProducerRecord {
  for (const field of propagation.fields()) carrier.headers.delete(field);
  propagation.inject(sending, carrier, HEADER_SETTER);
  return { ...record, headers: carrier.headers };
}
