import { describeError, type OptionsCheck } from '@hearken/core/internal';
import { KafkaTemplate } from '@hearken/template';
import type { Container, ServiceIdentifier } from 'inversify';
import type { ReplyDeclaration } from '../decorators/send-to.js';
import type { ReplyTemplate } from '../handler/replying.js';
import type { Attribute } from './attribute.js';

/** Finds what a decorator could only name. What cannot be had is a problem, and undefined. */
export class Lookup {
  readonly #container: Container;
  readonly #check: OptionsCheck;

  constructor(container: Container, check: OptionsCheck) {
    this.#container = container;
    this.#check = check;
  }

  /** @param isFunction whether a function is the value, and not what makes it */
  attribute<T>(written: Attribute<T>, path: string, isFunction = false): Promise<T | undefined> {
    if (typeof written === 'symbol' || isClass(written)) return this.#bound(written as ServiceIdentifier<T>, path);
    if (typeof written !== 'function' || isFunction) return Promise.resolve(written as T);
    return this.#try(path, () => (written as (container: Container) => T | Promise<T>)(this.#container));
  }

  /** What sends the replies of a method. */
  template({ template = KafkaTemplate }: ReplyDeclaration, where: string): Promise<ReplyTemplate | undefined> {
    if (typeof template !== 'string') return this.#bound(template, `${where} @SendTo`);
    return this.#try(`${where} @SendTo`, () =>
      this.#container.getAsync<ReplyTemplate>(KafkaTemplate as ServiceIdentifier<ReplyTemplate>, { name: template }),
    );
  }

  #bound<T>(token: ServiceIdentifier<T>, path: string): Promise<T | undefined> {
    return this.#try(path, () => this.#container.getAsync(token));
  }

  async #try<T>(path: string, get: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await get();
    } catch (error) {
      this.#check.problem(path, `cannot be had from the container: ${describeError(error)}`);
      return undefined;
    }
  }
}

/** Of functions, only those of classes have a prototype that stays. */
const isClass = (value: unknown): boolean =>
  typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
