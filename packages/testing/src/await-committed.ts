import type { Timer, TopicPartitionOffset, TopicPartitionOffsets } from '@hearken/core';
import { describePartition, topicPartitionKey } from '@hearken/core/internal';
import { WaitError } from './errors.js';
import { resolveWait, type WaitOptions } from './wait-options.js';

/** The part of a `MessageListenerContainer` that `awaitCommitted` looks at. */
export interface CommittingContainer {
  readonly state: string;
  snapshot(): { readonly partitions: readonly CommittedPartition[] };
  on(name: 'offsets:committed', listener: (event: { readonly offsets: TopicPartitionOffsets }) => unknown): () => void;
  on(name: 'container:stopped', listener: (event: { readonly error?: unknown }) => unknown): () => void;
}

interface CommittedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number | undefined;
}

/** A group, and the part of a `KafkaAdmin` that `awaitCommitted` asks about it. */
export interface CommittingGroup {
  readonly groupId: string;
  readonly admin: {
    committedOffsets(groupId: string, topics?: readonly string[]): Promise<TopicPartitionOffsets>;
  };
}

/** A broker tells nobody that offsets were committed, so it is asked this often. */
const ASK_EVERY_MS = 20;

/**
 * Resolves when these offsets, or later ones, are committed: at once if they are already. An offset is the *next* one to
 * read: after the first record of a partition it is 1.
 *
 * Of a container it is heard by its events: what this container committed, or found committed when it was assigned the
 * partition. Of a group, `{ admin, groupId }`, a `KafkaAdmin` is asked: whoever committed it.
 *
 * Rejects with a {@link WaitError} that says what is committed instead: `TIMED_OUT`, `CONTAINER_STOPPED`; with the admin's
 * errors as they are.
 */
export async function awaitCommitted(
  source: CommittingContainer | CommittingGroup,
  offsets: TopicPartitionOffsets,
  options: WaitOptions = {},
): Promise<void> {
  const wait = resolveWait('awaitCommitted', options);
  await ('admin' in source ? askUntilCommitted(source, offsets, wait) : listenUntilCommitted(source, offsets, wait));
}

async function listenUntilCommitted(
  container: CommittingContainer,
  wanted: TopicPartitionOffsets,
  { timeoutMs, clock }: Required<WaitOptions>,
): Promise<void> {
  const committed = new Committed(wanted);
  for (const { committed: offset, ...at } of container.snapshot().partitions) {
    if (offset !== undefined) committed.add([{ ...at, offset }]);
  }
  if (committed.isReached) return;
  const ends: (() => void)[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (code: string, when: string, cause?: unknown): void =>
        reject(new WaitError(committed.describe(when), { code, cause }));
      const timer = clock.setTimer(() => fail('TIMED_OUT', `within ${timeoutMs} ms`), timeoutMs);
      const stopped = 'before the container stopped';
      ends.push(
        () => timer.clear(),
        container.on('offsets:committed', ({ offsets }) => {
          committed.add(offsets);
          if (committed.isReached) resolve();
        }),
        container.on('container:stopped', ({ error }) => fail('CONTAINER_STOPPED', stopped, error)),
      );
      if (['stopped', 'failed'].includes(container.state)) fail('CONTAINER_STOPPED', stopped);
    });
  } finally {
    for (const end of ends) end();
  }
}

async function askUntilCommitted(
  { admin, groupId }: CommittingGroup,
  wanted: TopicPartitionOffsets,
  { timeoutMs, clock }: Required<WaitOptions>,
): Promise<void> {
  const deadline = clock.monotonic() + timeoutMs;
  const topics = [...new Set(wanted.map(({ topic }) => topic))];
  for (;;) {
    const committed = new Committed(wanted);
    committed.add(await admin.committedOffsets(groupId, topics));
    if (committed.isReached) return;
    if (clock.monotonic() >= deadline) {
      throw new WaitError(`group ${groupId}: ${committed.describe(`within ${timeoutMs} ms`)}`, { code: 'TIMED_OUT' });
    }
    await new Promise<void>((resolve): Timer => clock.setTimer(resolve, ASK_EVERY_MS));
  }
}

/** What is known to be committed, beside what is wanted. */
class Committed {
  readonly #wanted: TopicPartitionOffsets;
  readonly #offsets = new Map<string, number>();

  constructor(wanted: TopicPartitionOffsets) {
    this.#wanted = wanted;
  }

  add(offsets: TopicPartitionOffsets): void {
    for (const at of offsets) this.#offsets.set(topicPartitionKey(at), at.offset);
  }

  get isReached(): boolean {
    return this.#missing.length === 0;
  }

  describe(when: string): string {
    const each = this.#missing.map(
      (at) => `${describePartition(at)} at ${this.#of(at) ?? 'nothing'}, not at ${at.offset}`,
    );
    return `not committed ${when}: ${each.join('; ')}`;
  }

  get #missing(): TopicPartitionOffsets {
    return this.#wanted.filter((at) => (this.#of(at) ?? -1) < at.offset);
  }

  #of(at: TopicPartitionOffset): number | undefined {
    return this.#offsets.get(topicPartitionKey(at));
  }
}
