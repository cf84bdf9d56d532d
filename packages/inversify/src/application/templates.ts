import { ReplyingKafkaTemplate } from '@hearken/listener';
import type { Container } from 'inversify';
import type { KafkaSetup } from '../module/kafka-setup.js';
import { templateClass, templateKind, type AnyTemplate } from '../module/template-class.js';
import { ReplyTemplateError } from './errors.js';
import type { Step } from './steps.js';

/** What the container that reads replies bounds by itself, and a margin, so that it is the one to say what took so long. */
const START_REPLIES_MS = 65_000;

/** The templates of an application, from when they are made until they are closed. */
export class Templates {
  readonly #container: Container;
  readonly #setup: KafkaSetup;
  readonly #templates = new Map<string, AnyTemplate>();

  constructor(container: Container, setup: KafkaSetup) {
    this.#container = container;
    this.#setup = setup;
  }

  async make(): Promise<void> {
    const { templateNames, templates } = this.#setup;
    const make = async (name: string): Promise<void> => {
      this.#templates.set(name, await this.#container.getAsync(templateClass(templates[name]), { name }));
    };
    await Promise.all(templateNames.map(make));
  }

  /**
   * Replies are read before the first listener asks for one.
   * @param onFailed told when a template can no longer read them
   */
  startSteps(onFailed: (error: Error) => void): readonly Step[] {
    const { templateNames, templates } = this.#setup;
    const names = templateNames.filter((name) => templateKind(templates[name]) === 'replying');
    if (names.length === 0) return [];
    const run = (): Promise<unknown> => Promise.all(names.map((name) => this.#startReplies(name, onFailed)));
    return [{ name: 'read replies', timeoutMs: START_REPLIES_MS, run }];
  }

  /** After the listeners, which may wait for replies to the last. */
  close(timeoutMs: number): Promise<unknown> {
    return Promise.all(Array.from(this.#templates.values(), (template) => template.close({ timeoutMs })));
  }

  async #startReplies(name: string, onFailed: (error: Error) => void): Promise<void> {
    const template = this.#templates.get(name);
    if (!(template instanceof ReplyingKafkaTemplate)) throw new Error(`unreachable: '${name}' reads no replies`);
    try {
      await template.start();
    } catch (error) {
      throw new ReplyTemplateError(name, 'TEMPLATE_NOT_STARTED', error);
    }
    template.finished.catch((error: unknown) => onFailed(new ReplyTemplateError(name, 'TEMPLATE_FAILED', error)));
  }
}
