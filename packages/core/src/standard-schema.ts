/** Standard Schema v1 (https://standardschema.dev), the part that is used here. zod, valibot and arktype implement it. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** The type a schema's values have after validation. */
export type InferOutput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['output'];

/** The validated value, or throws (rejects, for an asynchronous schema) what `failure` makes of the issues. */
export function validate(schema: StandardSchemaV1, value: unknown, failure: (message: string) => Error): unknown {
  const settle = (result: SchemaResult<unknown>): unknown => {
    if (result.issues === undefined) return result.value;
    throw failure(`does not match the schema: ${result.issues.map(describeIssue).join('; ')}`);
  };
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(settle) : settle(result);
}

function describeIssue({ message, path = [] }: SchemaIssue): string {
  const at = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return at === '' ? message : `${at}: ${message}`;
}
