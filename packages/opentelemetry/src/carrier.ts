import type { Headers } from '@hearken/core';
import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';

/** What a propagator reads from and writes to. The headers of a received record are parsed when the propagator asks for them. */
export interface Carrier {
  readonly headers: Headers;
}

export const HEADER_GETTER: TextMapGetter<Carrier> = {
  get: ({ headers }, name) => headers.string(name),
  keys: ({ headers }) => Array.from(headers, ([name]) => name),
};

export const HEADER_SETTER: TextMapSetter<Carrier> = {
  set: ({ headers }, name, value) => void headers.set(name, value),
};
