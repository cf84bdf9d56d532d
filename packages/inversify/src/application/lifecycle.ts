/**
 * A bean that starts and stops with the application: named in `lifecycleModule`. What takes work in - a server, a timer - is to
 * stop before the listeners that do the work, and to start after them. Spring's SmartLifecycle.
 */
export interface Lifecycle {
  /**
   * The lowest starts first and stops last, as with listeners, whose phase is 0 unless they say otherwise. Those of one phase
   * start together and before its listeners, and stop after them. @default Infinity: it starts last and stops first
   */
  readonly phase?: number;
  /**
   * The application runs once this resolves; one that rejects, or takes longer than `stepTimeoutMs`, takes it down.
   * @param signal aborts when the application stops meanwhile, or the time is over
   */
  start?(signal: AbortSignal): unknown;
  /**
   * What comes after waits for this, but no longer than `stepTimeoutMs`. Called if `start` was, once that has ended, well or
   * badly.
   * @param signal aborts when the application is aborted, or the time is over
   */
  stop(signal: AbortSignal): unknown;
}
