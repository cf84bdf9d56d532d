import type { Logger } from '@hearken/core';
import { Recorder } from './recorder.js';

export interface LogEntry {
  readonly level: keyof Logger;
  readonly details: object;
  readonly message: string;
}

/** Keeps what is logged, so that a test can look at it or wait for it. */
export class RecordingLogger implements Logger {
  readonly entries = new Recorder<LogEntry>();

  debug(details: object, message: string): void {
    this.entries.record({ level: 'debug', details, message });
  }

  info(details: object, message: string): void {
    this.entries.record({ level: 'info', details, message });
  }

  warn(details: object, message: string): void {
    this.entries.record({ level: 'warn', details, message });
  }

  error(details: object, message: string): void {
    this.entries.record({ level: 'error', details, message });
  }

  at(level: keyof Logger): readonly LogEntry[] {
    return this.entries.items.filter((entry) => entry.level === level);
  }
}
