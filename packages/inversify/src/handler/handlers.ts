import type { StandardSchemaV1 } from '@hearken/core';
import { atOnce } from '@hearken/core/internal';
import { NonRetriable } from '@hearken/listener';
import type { Discriminator } from '../endpoint/kafka-listener-options.js';
import type { SchemaOf } from './checked-serde.js';
import type { RecordCall } from './method-call.js';

/** A method of a class that handles some of its records. */
export interface Handler {
  readonly types: readonly string[];
  readonly isDefault: boolean;
  readonly schema: StandardSchemaV1 | undefined;
  readonly call: RecordCall;
}

/** The handlers of a class by the type of the records they take. */
export class Handlers {
  readonly #where: string;
  readonly #byType: ReadonlyMap<string, Handler>;
  readonly #default: Handler | undefined;
  readonly #typeOf: Exclude<Discriminator, string>;
  /** Whether any of them says what a payload has to be. */
  readonly hasSchema: boolean;

  constructor(where: string, handlers: readonly Handler[], discriminator: Discriminator) {
    this.#where = where;
    this.#byType = new Map(handlers.flatMap((handler) => handler.types.map((type) => [type, handler] as const)));
    this.#default = handlers.find(({ isDefault }) => isDefault);
    this.#typeOf =
      typeof discriminator === 'function'
        ? (payload, record) => atOnce('discriminator', discriminator(payload, record))
        : (_payload, { headers }) => headers.string(discriminator);
    this.hasSchema = handlers.some(({ schema }) => schema !== undefined);
  }

  /** What a payload has to be; of one that nobody takes nothing, as {@link handle} tells that better. */
  readonly schemaOf: SchemaOf = (payload, record) => this.#of(this.#typeOf(payload, record))?.schema;

  /** @throws NonRetriable if nobody takes the record */
  readonly handle: RecordCall = (record, context, level) => {
    const type = this.#typeOf(record.value, record);
    const handler = this.#of(type);
    if (handler === undefined) throw new NonRetriable(`${this.#where} has no @KafkaHandler for ${described(type)}`);
    return handler.call(record, context, level);
  };

  #of(type: string | undefined): Handler | undefined {
    return (type === undefined ? undefined : this.#byType.get(type)) ?? this.#default;
  }
}

const described = (type: string | undefined): string => (type === undefined ? 'a record without a type' : `'${type}'`);
