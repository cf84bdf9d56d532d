import { once } from 'node:events';
import type { AssignorName } from 'hearken';
import type { Exhaustion } from './listener-settings.js';
import { CrashLog } from './crash-log.js';

/** A process may be born while the broker is down: how long it looks for it. */
export const BROKER_RETURNS_MS = 60_000;

/** What a process of a crash run is told, as JSON in its first argument. */
export interface ChildSettings {
  readonly who: string;
  readonly seed: number;
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly groupId: string;
  readonly logFile: string;
  readonly partitionAssignors: readonly AssignorName[];
  /** What listeners do with a record whose last attempt failed: all of a group the same. */
  readonly exhaustion: Exhaustion;
  /** Makes a listener a static member. */
  readonly groupInstanceId?: string;
  /** Its connections run through a bad network. */
  readonly isFar: boolean;
  /** Of a sender: numbers it may use begin here. */
  readonly firstNumber: number;
}

/** In a child: its settings, and the log. Whatever nobody catches from here on is written down as trouble. */
export function childSettings(): ChildSettings & { readonly log: CrashLog } {
  const settings = JSON.parse(process.argv[2] ?? '') as ChildSettings;
  const log = new CrashLog(settings.logFile);
  const trouble = (what: string): void => log.write({ at: 'trouble', who: settings.who, what });
  process.on('unhandledRejection', (reason) => trouble(`unhandled rejection: ${String(reason)}`));
  process.on('uncaughtException', (error) => {
    trouble(`uncaught exception: ${String(error.stack)}`);
    process.exit(1);
  });
  process.send?.('ready');
  return { ...settings, log };
}

const toldToStop = once(process, 'SIGTERM');

/** Resolves with SIGTERM, or when the parent is gone; from then on nothing but work keeps the process. */
export async function untilTold(): Promise<void> {
  await Promise.race([toldToStop, once(process, 'disconnect')]);
  if (process.connected) process.disconnect();
}
