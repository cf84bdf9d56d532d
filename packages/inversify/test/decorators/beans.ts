import { Container } from 'inversify';
import { aRecord, type RecordInit } from '@hearken/testing';
import type { BatchListenerContext, BatchReturn, ListenerContext } from '@hearken/listener';
import { endpointsOf, type KafkaListenerEndpoint } from '../../dist/index.js';

/** The endpoints of a class by their ids. */
export async function endpoints(
  Bean: new () => object,
  container: Container = new Container(),
): Promise<Record<string, KafkaListenerEndpoint>> {
  const made = await endpointsOf(new Bean(), container);
  return Object.fromEntries(made.map((endpoint) => [endpoint.id, endpoint]));
}

/** The only endpoint of a bean. */
export async function endpoint(bean: object, container: Container = new Container()): Promise<KafkaListenerEndpoint> {
  const [first, ...others] = await endpointsOf(bean, container);
  if (first === undefined || others.length > 0) throw new Error(`the bean has ${others.length + 1} listeners`);
  return first;
}

/** What listeners may be given beside records, where nobody looks at the rest. */
export const aContext = (context: Partial<ListenerContext> = {}): ListenerContext =>
  ({ attempt: 1, ...context }) as ListenerContext;

/** Calls the listener as a container would that was given no serde. */
export const call = ({ listener }: KafkaListenerEndpoint, record: RecordInit, context = aContext()): unknown =>
  listener?.(aRecord(record), context, 'normal' as never);

export const callBatch = (
  { batchListener }: KafkaListenerEndpoint,
  records: readonly RecordInit[],
  context: ListenerContext = aContext(),
): BatchReturn | Promise<BatchReturn> =>
  batchListener?.(records.map(aRecord), context as unknown as BatchListenerContext);
