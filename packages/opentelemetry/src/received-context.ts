import { context, propagation, trace, type Context } from '@opentelemetry/api';
import { HEADER_GETTER, type Carrier } from './carrier.js';

/**
 * The context that a record brings along. A span that is active here is none of the record's: without a trace of its own it
 * begins one.
 */
export const receivedContext = (record: Carrier): Context =>
  propagation.extract(trace.deleteSpan(context.active()), record, HEADER_GETTER);
