import type { Api } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { GroupCoordinator } from '../groups/group-coordinator.js';
import type { Handler, RequestContext } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

/** What the handlers of groups need of the cluster. */
export type GroupCluster = Pick<Cluster, 'groups' | 'coordinatorOf'>;

interface GroupApi<Request, Response> {
  readonly api: Api<Request, Response>;
  readonly serve: (groups: GroupCoordinator, request: Request, context: RequestContext) => Response | Promise<Response>;
  readonly refuse: (request: Request, errorCode: number, context: RequestContext) => Response;
}

/** The handler of a request about one group: served by the group's coordinator only, and refused as a whole or not at all. */
export const groupHandler =
  <Request extends { readonly groupId: string }, Response>({ api, serve, refuse }: GroupApi<Request, Response>) =>
  (cluster: GroupCluster): Handler<Request, Response> => ({
    api,
    refuse,
    async handle(request, context) {
      try {
        requireCoordinator(cluster, 'group', request.groupId, context.nodeId);
        return await serve(cluster.groups, request, context);
      } catch (error) {
        if (error instanceof BrokerError) return refuse(request, error.errorCode, context);
        throw error;
      }
    },
  });
