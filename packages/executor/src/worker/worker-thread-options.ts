import { availableParallelism } from 'node:os';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import { defaultLogger, systemClock, type Clock, type Logger } from '@hearken/core';
import { boolean, callable, custom, describe, durationMs, integer, OptionsCheck } from '@hearken/core/internal';

export interface WorkerThreadOptions {
  /**
   * Threads, from 1; one record runs in each. They start at once and stay. Records above that wait for a thread: the
   * container's `concurrency` is how many there can be, and should be at least as many as threads.
   * @default one less than the machine runs at once, as the container needs one; at least 1
   */
  readonly threads?: number;
  /**
   * How long a listener may go on after its signal was aborted, in milliseconds, from 0. Its thread is ended then, and
   * another one started. @default 5000
   */
  readonly terminateAfterMs?: number;
  /** Bounds the memory of each thread, as `new Worker` takes it. @default Node's */
  readonly resourceLimits?: ResourceLimits;
  /**
   * Whether `onMessage` resolves with what the listener returned, as an answer to a request needs it. A container ignores
   * it, so that by default it does not cross. @default false
   */
  readonly returnsResult?: boolean;
  /** Told of threads that end while no record runs in them. @default defaultLogger */
  readonly logger?: Logger;
  /** For `terminateAfterMs` and the time to close. @default systemClock */
  readonly clock?: Clock;
}

export type ResolvedWorkerThreadOptions = Readonly<
  Required<Omit<WorkerThreadOptions, 'resourceLimits'>> & { resourceLimits: ResourceLimits | undefined }
> & {
  /** Of the user's module. */
  readonly url: string;
};

const RULES = {
  threads: integer(Math.max(1, availableParallelism() - 1), { min: 1 }),
  terminateAfterMs: durationMs(5_000),
  resourceLimits: custom<ResourceLimits | undefined>(undefined, (value) =>
    typeof value === 'object' && value !== null ? undefined : `must be an object, got ${describe(value)}`,
  ),
  returnsResult: boolean(false),
  logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
  clock: { ...callable<Clock>('now', 'monotonic', 'setTimer'), default: systemClock },
};

/** @throws KafkaConfigError */
export function resolveWorkerThreadOptions(url: unknown, options: unknown): ResolvedWorkerThreadOptions {
  const check = new OptionsCheck('workerThreadListener');
  const resolved = check.resolve(options, RULES);
  const href = hrefOf(url);
  if (href === undefined) check.problem('url', `${URL_WANTED}, got ${describe(url)}`);
  check.throwIfAny();
  return { ...resolved, url: String(href) };
}

const URL_WANTED = `must be the file of a module: new URL('./worker.js', import.meta.url), or an absolute path`;

/** A relative path is none: relative to this file it would mean nothing, and to the working directory now this, now that. */
function hrefOf(url: unknown): string | undefined {
  if (typeof url === 'string' && isAbsolute(url)) return pathToFileURL(url).href;
  const href = url instanceof URL ? url.href : url;
  return typeof href === 'string' && href.startsWith('file:') ? href : undefined;
}
