import { CompositeProducerListener } from './composite-producer-listener.js';
import type { ProducerInterceptor, ProducerListener } from './template-options.js';

/** Who hears of every send: the producer listener, and before it the interceptors that want to, in their order. */
export function endListener<K, V>(
  interceptors: readonly ProducerInterceptor<K, V>[],
  producerListener: ProducerListener<K, V> | undefined,
): ProducerListener<K, V> | undefined {
  const listeners = interceptors.flatMap((one) => asListener(one) ?? []);
  if (listeners.length === 0) return producerListener;
  return new CompositeProducerListener(...listeners, ...(producerListener === undefined ? [] : [producerListener]));
}

function asListener<K, V>(interceptor: ProducerInterceptor<K, V>): ProducerListener<K, V> | undefined {
  if (typeof interceptor === 'function' || interceptor.onAcknowledgement === undefined) return undefined;
  return {
    onSuccess: (_, metadata) => interceptor.onAcknowledgement?.(metadata, undefined),
    onError: (_, error) => interceptor.onAcknowledgement?.(undefined, error),
  };
}
