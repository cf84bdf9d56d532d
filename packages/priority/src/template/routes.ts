import { KafkaError } from '@hearken/core';
import type { KafkaTemplate } from '@hearken/template';
import { describePlace, placeOf, problemWith } from '../naming/level-place.js';
import type { PriorityNaming } from '../naming/priority-naming.js';
import type { CountedLevel } from './partition-counts.js';

/** The way to one level of one logical topic. */
export interface Route<K, V> extends CountedLevel {
  readonly template: KafkaTemplate<K, V>;
}

export interface RoutesInit<K, V> {
  readonly naming: PriorityNaming;
  /** A template for places that have a topic of their own, or one for a topic's partitions. */
  readonly templateFor: (partitions: readonly number[] | undefined) => KafkaTemplate<K, V>;
}

/** Finds the way to a level once, on its first record. */
export class Routes<K, V> {
  readonly #init: RoutesInit<K, V>;
  /** By logical topic, then by level; holes where none was sent to. */
  readonly #byTopic = new Map<string, Route<K, V>[]>();

  constructor(init: RoutesInit<K, V>) {
    this.#init = init;
  }

  /** @throws KafkaError `INVALID_RECORD`; PriorityOutOfRangeError if there is no place for the level */
  to(topic: string, priority: number, partition: number | undefined): Route<K, V> {
    const route = this.#byTopic.get(topic)?.[priority] ?? this.#begin(topic, priority);
    if (partition === undefined || route.place.partitions?.includes(partition) !== false) return route;
    throw invalid(`partition ${partition} is not one of the level's: ${describePlace(route.place)}`);
  }

  #begin(topic: string, priority: number): Route<K, V> {
    const place = placeOf(this.#init.naming, topic, priority);
    const problem = problemWith(place);
    if (problem !== undefined) throw invalid(`the naming has no place for level ${priority} of ${topic}: ${problem}`);
    const template = this.#init.templateFor(place.partitions);
    const route = { topic, place, template, isChecked: false, checking: undefined };
    const levels = this.#byTopic.get(topic) ?? [];
    levels[priority] = route;
    this.#byTopic.set(topic, levels);
    return route;
  }
}

const invalid = (problem: string): KafkaError => new KafkaError(problem, { code: 'INVALID_RECORD' });
