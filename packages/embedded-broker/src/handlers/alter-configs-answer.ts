import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import { overridesAfter, type Alterable, type AlterOperation } from '../config/alter-operation.js';
import { alterableConfig, type ConfigResource } from './config-resource.js';
import { eachOnce } from './each-once.js';
import { verdictOf, type Verdict } from './verdict.js';

/** What both requests that alter configurations are answered. */
interface AlterAnswer {
  readonly throttleTimeMs: number;
  readonly responses: readonly (ConfigResource & Verdict)[];
}

interface Alteration<R> {
  readonly resources: readonly R[];
  readonly validateOnly: boolean;
  readonly operationsOf: (resource: R) => readonly AlterOperation[];
  /** What the operations begin with. */
  readonly baseOf: (target: Alterable) => Alterable;
}

/** Each resource is altered as a whole or not at all. */
export function alter<R extends ConfigResource>(
  cluster: Cluster,
  nodeId: number,
  { resources, validateOnly, operationsOf, baseOf }: Alteration<R>,
): AlterAnswer {
  const asked = eachOnce(resources, nameOf);
  const repeated = new Set(asked.flatMap(({ one, isRepeated }) => (isRepeated ? [nameOf(one)] : [])));
  return answer(resources, (one) => {
    const verdict = verdictOf(() => {
      if (repeated.has(nameOf(one))) {
        throw new BrokerError('INVALID_REQUEST', 'Each resource must appear at most once.');
      }
      const target = alterableConfig(cluster, nodeId, one);
      target.alter(overridesAfter(baseOf(target), operationsOf(one)), { validateOnly });
    });
    return answerOf(one, verdict);
  });
}

const nameOf = ({ resourceType, resourceName }: ConfigResource): string => `${resourceType} ${resourceName}`;

export const refuseAlter = (resources: readonly ConfigResource[], errorCode: number): AlterAnswer =>
  answer(resources, (resource) => answerOf(resource, { errorCode, errorMessage: null }));

const answer = <T>(asked: readonly T[], answerOne: (one: T) => AlterAnswer['responses'][number]): AlterAnswer => ({
  throttleTimeMs: 0,
  responses: asked.map(answerOne),
});

const answerOf = ({ resourceType, resourceName }: ConfigResource, verdict: Verdict): ConfigResource & Verdict => ({
  ...verdict,
  resourceType,
  resourceName,
});
