import { KafkaConfigError } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import type { Container } from 'inversify';
import type { KafkaSetup } from '../module/kafka-setup.js';
import { KAFKA_SETUP } from '../module/tokens.js';
import { KafkaListenerEndpointRegistry } from '../registry/kafka-listener-endpoint-registry.js';
import { APPLICATION_RULES, type ApplicationOptions, type ResolvedApplicationOptions } from './application-options.js';
import type { ApplicationParts } from './application-parts.js';
import { KafkaApplication } from './kafka-application.js';
import { checkListeners, makeTopics } from './look-at-topics.js';
import { ProcessSignals } from './process-signals.js';
import type { LivingBean } from './living-bean.js';
import type { Step } from './steps.js';
import { Templates } from './templates.js';
import { wireBeans } from './wire-beans.js';

/**
 * Makes an application of what is bound, and starts it: resolves when every listener that starts by itself listens. From then
 * on the application has charge of the container: its beans are let go when it stops, or does not start. Beans may have it
 * injected, as `KafkaApplication`.
 *
 * ```ts
 * await using app = await startKafka(container);
 * ```
 * @throws KafkaConfigError with everything that is wrong with the configuration and the listeners; whatever else the start
 * rejects with
 */
export async function startKafka(container: Container, options?: ApplicationOptions): Promise<KafkaApplication> {
  const check = new OptionsCheck('startKafka');
  const resolved = check.resolve<ResolvedApplicationOptions>(options, APPLICATION_RULES);
  check.throwIfAny();
  const application: KafkaApplication = new KafkaApplication(
    partsOf(container, setupOf(container), resolved, {
      onStop: () => void application.stop(),
      onAbort: () => void application.abort(),
    }),
  );
  container.bind(KafkaApplication).toConstantValue(application); // for beans: a probe asks it how it is
  if (resolved.autoStart) await application.start();
  return application;
}

function setupOf(container: Container): KafkaSetup {
  const setups = container.getAll<KafkaSetup>(KAFKA_SETUP);
  const [setup] = setups;
  if (setup !== undefined && setups.length === 1) return setup;
  const message = `one module made by kafkaModule has to be loaded, got ${setups.length}`;
  throw new KafkaConfigError('startKafka', [{ path: 'container', message }]);
}

function partsOf(
  container: Container,
  setup: KafkaSetup,
  { endpoints, stepTimeoutMs, unbindBeans, signals, exitAfterMs, process }: ResolvedApplicationOptions,
  callbacks: { readonly onStop: () => void; readonly onAbort: () => void },
): ApplicationParts {
  const { logger, clock } = setup;
  const registry = container.get(KafkaListenerEndpointRegistry);
  registry.claim();
  const step = (name: string, run: Step['run']): Step => ({ name, timeoutMs: stepTimeoutMs, run });
  const templates = new Templates(container, setup);
  const beans: LivingBean[] = [];
  const clusters = [...setup.clusterBeans.values()];
  return {
    registry,
    beans,
    stepTimeoutMs,
    clock,
    logger,
    described: setup.described,
    process:
      signals === false
        ? undefined
        : new ProcessSignals({ signals, host: process, clock, logger, exitAfterMs, ...callbacks }),
    startSteps: (onFailed) => [
      step('make topics', () => makeTopics(setup)), // first: whoever sends before would create them as the broker likes
      step('make templates', () => templates.make()),
      step(
        'resolve beans',
        async () => void beans.push(...(await wireBeans({ container, setup, registry, endpoints, onFailed }))),
      ),
      step('check listeners', () => checkListeners(setup, registry.list())),
      ...templates.startSteps(onFailed),
    ],
    stopSteps: [
      step('flush templates', () => templates.close(stepTimeoutMs)),
      step('close producers', () => Promise.all(clusters.map((cluster) => cluster.closeProducers(stepTimeoutMs)))),
      step('close admin clients', () => Promise.all(clusters.map(({ admin }) => admin.close()))),
      ...(unbindBeans ? [step('let go of beans', () => container.unbindAllAsync())] : []),
    ],
  };
}
