/** A log as anybody would write it down: a list of records. The laws of {@link PartitionLog} are told against it. */
export interface ModelRecord {
  readonly offset: number;
  /** Null for a marker. */
  readonly value: string | null;
  readonly batch: ModelBatch;
}

export interface ModelBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Null: not idempotent. */
  readonly producer: { readonly id: number; readonly epoch: number; readonly sequence: number } | null;
  readonly transactional: boolean;
  readonly marker: 'COMMIT' | 'ABORT' | null;
}

export interface ToAppend extends Pick<ModelBatch, 'producer' | 'transactional'> {
  readonly values: readonly string[];
}

export class ModelLog {
  start = 0;
  end = 0;
  records: ModelRecord[] = [];
  /** Producers whose transaction was open when the last of its records went. */
  readonly #openBefore = new Set<number>();
  /** What each producer appended, also what retention took. */
  #history: ModelBatch[] = [];

  append({ values, producer, transactional }: ToAppend): number | string {
    if (producer !== null) {
      const original = this.#window(producer.id).find(
        (batch) =>
          batch.producer?.epoch === producer.epoch &&
          batch.producer.sequence === producer.sequence &&
          batch.lastOffset - batch.baseOffset === values.length - 1,
      );
      if (original !== undefined) return original.baseOffset;
      const refusal = this.#refusal(producer, transactional);
      if (refusal !== null) return refusal;
    }
    return this.#push(values, { producer, transactional, marker: null });
  }

  mark(id: number, epoch: number, marker: 'COMMIT' | 'ABORT'): number | string {
    if (epoch < this.#epochOf(id)) return 'INVALID_PRODUCER_EPOCH';
    const offset = this.#push([null], { producer: { id, epoch, sequence: -1 }, transactional: true, marker });
    this.#openBefore.delete(id);
    return offset;
  }

  /** How the transaction ended that a record is part of. */
  outcome({ offset, batch }: ModelRecord): 'none' | 'open' | 'committed' | 'aborted' {
    if (!batch.transactional) return 'none';
    const end = this.records.find(
      (other) =>
        other.offset > offset && other.batch.marker !== null && other.batch.producer?.id === batch.producer?.id,
    );
    if (end === undefined) return 'open';
    return end.batch.marker === 'COMMIT' ? 'committed' : 'aborted';
  }

  get lastStableOffset(): number {
    if (this.#openBefore.size > 0) return this.start;
    const firstOpen = this.records.find((record) => record.value !== null && this.outcome(record) === 'open');
    return Math.max(this.start, firstOpen?.batch.baseOffset ?? this.end);
  }

  committedFrom(offset: number): string[] {
    return this.records
      .filter((record) => record.offset >= offset && record.offset < this.lastStableOffset)
      .filter((record) => this.outcome(record) === 'none' || this.outcome(record) === 'committed')
      .flatMap(({ value }) => value ?? []);
  }

  valuesFrom(offset: number): string[] {
    return this.records.filter((record) => record.offset >= offset).flatMap(({ value }) => value ?? []);
  }

  startAt(offset: number): void {
    for (const record of this.records) {
      const gone = record.batch.lastOffset < offset && record.value !== null;
      if (gone && this.outcome(record) === 'open' && record.batch.producer)
        this.#openBefore.add(record.batch.producer.id);
    }
    this.records = this.records.filter(({ batch }) => batch.lastOffset >= offset);
    this.start = offset;
  }

  truncate(offset: number): void {
    this.records = this.records.filter(({ batch }) => batch.lastOffset < offset);
    const relearnt = new Set(this.#history.filter((b) => b.lastOffset >= this.start).map((b) => b.producer?.id));
    this.#history = this.#history.filter(
      (batch) => !relearnt.has(batch.producer?.id) || (batch.lastOffset >= this.start && batch.lastOffset < offset),
    );
    this.end = offset;
  }

  isOpen(id: number): boolean {
    const own = this.records.filter(({ batch }) => batch.producer?.id === id && batch.transactional);
    return this.#openBefore.has(id) || (own.length > 0 && own.at(-1)?.batch.marker === null);
  }

  nextSequence(id: number, epoch: number): number {
    const last = this.#window(id).at(-1);
    return last?.producer?.epoch === epoch ? last.producer.sequence + last.lastOffset - last.baseOffset + 1 : 0;
  }

  #refusal({ id, epoch, sequence }: NonNullable<ModelBatch['producer']>, transactional: boolean): string | null {
    const current = this.#epochOf(id);
    if (current !== -1) {
      if (epoch < current) return 'INVALID_PRODUCER_EPOCH';
      if (sequence !== this.nextSequence(id, epoch)) return 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    }
    return !transactional && this.isOpen(id) ? 'INVALID_TXN_STATE' : null;
  }

  #epochOf(id: number): number {
    return this.#history.findLast(({ producer }) => producer?.id === id)?.producer?.epoch ?? -1;
  }

  /** The batches that a copy would be recognised of. */
  #window(id: number): ModelBatch[] {
    const epoch = this.#epochOf(id);
    const own = this.#history.filter(({ producer }) => producer?.id === id);
    const sinceEpoch = own.slice(own.findLastIndex(({ producer }) => producer?.epoch !== epoch) + 1);
    return sinceEpoch.filter(({ marker }) => marker === null).slice(-5);
  }

  #push(values: readonly (string | null)[], kind: Omit<ModelBatch, 'baseOffset' | 'lastOffset'>): number {
    const baseOffset = this.end;
    const batch = { ...kind, baseOffset, lastOffset: baseOffset + values.length - 1 };
    values.forEach((value, i) => this.records.push({ offset: baseOffset + i, value, batch }));
    if (kind.producer !== null) this.#history.push(batch);
    this.end += values.length;
    return baseOffset;
  }
}
