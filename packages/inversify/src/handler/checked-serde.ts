import { DeserializationError, type Serde, type SerdeContext, type StandardSchemaV1 } from '@hearken/core';
import { validate } from '@hearken/core/internal';

/** Which schema holds for a value that was decoded. */
export type SchemaOf = (value: unknown, context: SerdeContext) => StandardSchemaV1 | undefined;

/** A serde whose values are checked as they are read, and become what the schema makes of them. */
export function checkedSerde(serde: Serde<unknown>, schemaOf: SchemaOf): Serde<unknown> {
  return {
    serialize: (value, context) => serde.serialize(value, context),
    deserialize(bytes, context) {
      const failure = (message: string): Error => new DeserializationError(`the payload ${message}`, { bytes });
      const check = (value: unknown): unknown => {
        const schema = schemaOf(value, context);
        return schema === undefined ? value : validate(schema, value, failure);
      };
      const value = serde.deserialize(bytes, context);
      return value instanceof Promise ? value.then(check) : check(value);
    },
  };
}
