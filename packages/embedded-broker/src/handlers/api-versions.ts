import { apiVersionsApi, errorCodes, type ApiVersionsRequest, type ApiVersionsResponse } from '@hearken/protocol';
import type { Handler } from './handler.js';

/** KIP-511: what a client may call itself. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** @param served all handlers, this one too */
export function apiVersionsHandler(served: () => Iterable<Handler>): Handler<ApiVersionsRequest, ApiVersionsResponse> {
  const answer = (errorCode: number): ApiVersionsResponse => ({
    errorCode,
    apiKeys: Array.from(served(), ({ api, advertised = api }) => ({
      apiKey: api.key,
      minVersion: advertised.minVersion,
      maxVersion: advertised.maxVersion,
    })),
    throttleTimeMs: 0,
  });
  return {
    api: apiVersionsApi,
    handle({ clientSoftwareName, clientSoftwareVersion }, { version }) {
      const isNamed = version < 3 || (SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion));
      return isNamed ? answer(errorCodes.NONE) : { ...answer(errorCodes.INVALID_REQUEST), apiKeys: [] };
    },
    // With UNSUPPORTED_VERSION a client reads here what to ask with (KIP-511).
    refuse: (_request, errorCode) => answer(errorCode),
  };
}
