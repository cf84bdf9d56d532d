import { appendFileSync } from 'node:fs';
import {
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  silentLogger,
  type Bytes,
  type Producer,
  type ShedTemplate,
} from 'hearken';
import { untilTold } from './child.js';

export const SHEDDING_DEATHS = ['before the note', 'after the note', 'after the skip', 'after the commit'] as const;
export type SheddingDeath = (typeof SHEDDING_DEATHS)[number];

export const COMPENSATING_DEATHS = [
  'in the middle',
  'before the progress',
  'after the progress',
  'before the end',
  'after the end',
] as const;
export type CompensatingDeath = (typeof COMPENSATING_DEATHS)[number];

/** What is written of a range: that it is skipped, how far its replay got, that all of it has ended. */
export type LedgerWrite = 'note' | 'progress' | 'end';

/** What a process of the crash test of shed is told, as JSON in its first argument. */
export interface MortalSettings<Death extends string> {
  readonly brokers: string[];
  readonly topic: string;
  readonly groupId: string;
  /** Who takes the place of one that was killed is the same member: the group does not wait. */
  readonly groupInstanceId: string;
  /** Gets a line, partition and offset, for each record before it ends. */
  readonly logFile: string;
  /** By SIGKILL; 'never' goes on until SIGTERM. */
  readonly dies: Death | 'never';
}

/** A process that is killed, by itself, at the point that it is told. */
export class Mortal<Death extends string> {
  readonly settings = JSON.parse(process.argv[2] ?? '') as MortalSettings<Death>;
  readonly kafka = { brokers: this.settings.brokers, clientId: this.settings.groupInstanceId, logger: silentLogger };
  readonly template = new KafkaTemplate(new DefaultKafkaProducerFactory(this.kafka));

  constructor() {
    // One that waits for what does not come must not outlive the test.
    if (this.settings.dies !== 'never') process.once('disconnect', () => process.exit(1));
  }

  /** It is here: does not return if this is where it dies. */
  at(point: Death): void {
    if (this.settings.dies === point) process.kill(process.pid, 'SIGKILL');
  }

  /** Runs until it is told to stop, or killed. */
  async lives(): Promise<void> {
    process.send?.('it lives');
    await (this.settings.dies === 'never' ? untilTold() : new Promise(() => undefined));
  }

  done({ partition, offset }: { readonly partition: number; readonly offset: number }): void {
    appendFileSync(this.settings.logFile, `${partition} ${offset}\n`);
  }

  /** The template, of which it may die before a range is written, or when it is. */
  ledger(pointOf: (when: 'before' | 'after', what: LedgerWrite) => Death): ShedTemplate {
    const around = (producer: Producer): Pick<Producer, 'send'> => ({
      send: async (record) => {
        const what = writeOf(record.value);
        this.at(pointOf('before', what));
        const written = await producer.send(record);
        this.at(pointOf('after', what));
        return written;
      },
    });
    return { execute: (callback) => this.template.execute((producer) => callback(around(producer) as Producer)) };
  }
}

function writeOf(value: Bytes): LedgerWrite {
  if (value === null) return 'end';
  const { done } = JSON.parse(value.toString()) as { readonly done?: number };
  return done === undefined ? 'note' : 'progress';
}
