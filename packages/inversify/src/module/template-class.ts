import { ReplyingKafkaTemplate } from '@hearken/listener';
import { PriorityKafkaTemplate } from '@hearken/priority';
import { KafkaTemplate } from '@hearken/template';
import type { ServiceIdentifier } from 'inversify';
import type { KafkaModuleConfig } from '../config/module-config.js';

export type AnyTemplate =
  | KafkaTemplate<unknown, unknown>
  | PriorityKafkaTemplate<unknown, unknown>
  | ReplyingKafkaTemplate<unknown, unknown, unknown, unknown>;

type Given = NonNullable<KafkaModuleConfig['templates']>[string] | undefined;

/** What a template is, as far as its configuration says so. One that a function makes is plain: it has to be known before. */
export type TemplateKind = 'plain' | 'priority' | 'replying';

export function templateKind(given: Given): TemplateKind {
  if (typeof given !== 'object') return 'plain';
  if (given.replies !== undefined) return 'replying';
  return given.levels === undefined ? 'plain' : 'priority';
}

/** What templates of a kind are bound under. */
export const TEMPLATE_CLASSES: Readonly<Record<TemplateKind, ServiceIdentifier<AnyTemplate>>> = {
  plain: KafkaTemplate,
  priority: PriorityKafkaTemplate,
  replying: ReplyingKafkaTemplate,
};

/** What the template of that name is bound under. */
export const templateClass = (given: Given): ServiceIdentifier<AnyTemplate> => TEMPLATE_CLASSES[templateKind(given)];
