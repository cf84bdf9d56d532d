import { KafkaError } from '@hearken/core';
import type { Finding } from './start-checks.js';
import type { StepReport } from './steps.js';

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A listener did not start, or stopped because of an error. Codes `LISTENER_NOT_STARTED`, `LISTENER_CONTAINER_FAILED`. */
export class ListenerContainerError extends KafkaError {
  /** The listener's. */
  readonly id: string;

  constructor(id: string, where: string, code: 'LISTENER_NOT_STARTED' | 'LISTENER_CONTAINER_FAILED', cause: unknown) {
    const what = code === 'LISTENER_NOT_STARTED' ? 'did not start' : 'failed';
    super(`the listener '${id}' (${where}) ${what}: ${textOf(cause)}`, { code, cause });
    this.id = id;
  }
}

/** A bean's constructor, or its `start` or `stop`, failed. Codes `BEAN_NOT_MADE`, `BEAN_NOT_STARTED`, `BEAN_NOT_STOPPED`. */
export class BeanError extends KafkaError {
  /** The name of its class. */
  readonly bean: string;

  constructor(bean: string, code: 'BEAN_NOT_MADE' | 'BEAN_NOT_STARTED' | 'BEAN_NOT_STOPPED', cause: unknown) {
    const what = {
      BEAN_NOT_MADE: 'cannot be made',
      BEAN_NOT_STARTED: 'did not start',
      BEAN_NOT_STOPPED: 'did not stop',
    };
    super(`the bean ${bean} ${what[code]}: ${textOf(cause)}`, { code, cause });
    this.bean = bean;
  }
}

/** A template cannot, or can no longer, read replies. Codes `TEMPLATE_NOT_STARTED`, `TEMPLATE_FAILED`. */
export class ReplyTemplateError extends KafkaError {
  /** The template's name in `templates`. */
  readonly template: string;

  constructor(template: string, code: 'TEMPLATE_NOT_STARTED' | 'TEMPLATE_FAILED', cause: unknown) {
    const what = code === 'TEMPLATE_NOT_STARTED' ? 'did not start' : 'failed';
    super(`the template '${template}', which reads replies, ${what}: ${textOf(cause)}`, { code, cause });
    this.template = template;
  }
}

/** A step of an application's start or stop took too long, or one of its stop failed. Code `APPLICATION_STEP_FAILED`. */
export class ApplicationStepError extends KafkaError {
  readonly report: StepReport;

  constructor(report: StepReport) {
    const { step, timeoutMs, outcome, error } = report;
    const what = outcome === 'timed-out' ? `took longer than ${timeoutMs} ms` : `failed: ${textOf(error)}`;
    super(`${step} ${what}`, { code: 'APPLICATION_STEP_FAILED', cause: error });
    this.report = report;
  }
}

/** What looks like a mistake, where `checks` says that the start fails by it. Code `START_CHECKS_FAILED`. */
export class StartChecksError extends KafkaError {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(({ message }) => message).join('\n'), { code: 'START_CHECKS_FAILED' });
    this.findings = findings;
  }
}
