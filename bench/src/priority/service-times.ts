import { normal, uniform } from '../random.js';

/** How long the next handler takes, in milliseconds. */
export type ServiceTimes = () => number;

/** How uneven the times of the heavy tail are: of its log-normal, sigma. One in a hundred takes ten times the mean. */
const HEAVY = 1.5;

/**
 * The same mean, and three ways to keep it. Constant times alone hide what waits for the slowest: a barrier costs nothing
 * where all are equal.
 */
export const SERVICE_TIMES = {
  constant: (meanMs) => () => meanMs,
  exponential: (meanMs, random) => () => -meanMs * Math.log(1 - random()),
  'heavy-tailed': (meanMs, random) => () => meanMs * Math.exp(HEAVY * normal(random) - HEAVY ** 2 / 2),
} as const satisfies Readonly<Record<string, (meanMs: number, random: () => number) => ServiceTimes>>;

export type ServiceName = keyof typeof SERVICE_TIMES;

export const SERVICES = Object.keys(SERVICE_TIMES) as ServiceName[];

/** The same times in each turn and for every side. */
export const serviceTimes = (name: ServiceName, meanMs: number): ServiceTimes =>
  SERVICE_TIMES[name](meanMs, uniform(0x7ea));
