import type { Delivery } from '../dispatch/delivery.js';
import type { RecordDecoder } from '../invoke/record-decoder.js';
import { keeps, type RecordFilter } from '../invoke/record-filter.js';

/** What becomes of records before their listener is called. Those from `cut` on were not looked at. */
export interface Prepared {
  readonly kept: readonly Delivery[];
  readonly dropped: readonly Delivery[];
  /** How far it got. */
  readonly cut: number;
  /** What the record there failed with, if one did. */
  readonly failure?: { readonly error: unknown };
}

interface Cut {
  readonly at: number;
  readonly error: unknown;
}

/**
 * Decodes records, one after the other, and asks the filter, up to the first that fails in either: those before it must not
 * wait for what becomes of it. Makes a promise only where a serde does; such ones decode all records at once.
 */
export function prepareBatch(
  deliveries: readonly Delivery[],
  decode: RecordDecoder,
  filter: RecordFilter<unknown, unknown> | undefined,
): Prepared | Promise<Prepared> {
  for (const [at, delivery] of deliveries.entries()) {
    try {
      const decoded = decode(delivery.record);
      if (decoded instanceof Promise)
        return decodeRest(deliveries, at, decoded, decode).then((cut) => filterBatch(deliveries, cut, filter));
      delivery.handed = decoded;
    } catch (error) {
      return filterBatch(deliveries, { at, error }, filter);
    }
  }
  return filterBatch(deliveries, undefined, filter);
}

type Decoding = Exclude<ReturnType<RecordDecoder>, Promise<unknown>>;

async function decodeRest(
  deliveries: readonly Delivery[],
  from: number,
  first: Promise<Decoding>,
  decode: RecordDecoder,
): Promise<Cut | undefined> {
  const behind = deliveries.slice(from + 1).map(async ({ record }) => decode(record));
  for (const [i, end] of (await Promise.allSettled([first, ...behind])).entries()) {
    if (end.status === 'rejected') return { at: from + i, error: end.reason };
    const delivery = deliveries[from + i];
    if (delivery !== undefined) delivery.handed = end.value;
  }
  return undefined;
}

function filterBatch(
  deliveries: readonly Delivery[],
  cut: Cut | undefined,
  filter: RecordFilter<unknown, unknown> | undefined,
): Prepared {
  const decoded = cut === undefined ? deliveries : deliveries.slice(0, cut.at);
  const failed = (at: number, error: unknown): Pick<Prepared, 'cut' | 'failure'> => ({ cut: at, failure: { error } });
  const end = cut === undefined ? { cut: decoded.length } : failed(cut.at, cut.error);
  if (filter === undefined) return { kept: decoded, dropped: [], ...end };
  const kept: Delivery[] = [];
  const dropped: Delivery[] = [];
  for (const [at, delivery] of decoded.entries()) {
    try {
      (keeps(filter, delivery.handed) ? kept : dropped).push(delivery);
    } catch (error) {
      return { kept, dropped, ...failed(at, error) };
    }
  }
  return { kept, dropped, ...end };
}
