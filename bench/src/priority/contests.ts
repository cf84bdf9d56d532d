import type { Contest, Gate, Turn } from '../scenario.js';
import { SERVICES, type ServiceName } from './service-times.js';

/** On an embedded broker, for each distribution of service times. */
export const forEachService = <S>(
  contest: (service: ServiceName) => Contest<S>,
  title = '',
): Record<string, Contest<S>> =>
  Object.fromEntries(
    SERVICES.map((service) => [`${title}${service}, embedded broker`, embedded(contest(service))] as const),
  );

export const embedded = <S>(contest: Contest<S>): Contest<S> => ({ ...contest, broker: 'embedded' });

/** Nobody else does it. */
export const alone = <S>(hearken: Turn<S>, ...gates: readonly Gate[]): Contest<S> => ({
  hearken,
  peers: {},
  compared: [],
  gates,
});
