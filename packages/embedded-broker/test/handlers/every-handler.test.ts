import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeResponse, errorCodes } from '@hearken/protocol';
import { createHandlers } from '../../dist/handlers/index.js';
import { inventingReader } from '../inventing-reader.js';
import { aCluster, ask, contextOf } from './a-cluster.js';

const { THROTTLING_QUOTA_EXCEEDED } = errorCodes;
/** Those that wait for nobody, and keep nothing but topics and configurations. */
const ADMINISTRATIVE = [19, 20, 21, 29, 30, 31, 32, 33, 37, 44, 60];

/** Every value of a field whose name tells that it is an error code. */
function errorCodesIn(value: unknown, name = ''): unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => errorCodesIn(one, name));
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) {
    return /errorCode$/i.test(name) ? [value] : [];
  }
  return Object.entries(value).flatMap(([key, one]) => errorCodesIn(one, key));
}

describe('every handler', () => {
  for (const handler of createHandlers(aCluster()).values()) {
    const { api } = handler;
    const version = fc.integer({ min: api.minVersion, max: api.maxVersion });

    it(`of ${api.name} refuses any request in every version, with the code in every place that there is for one`, () => {
      fc.assert(
        fc.property(fc.gen(), version, (g, version) => {
          const request = api.readRequest(inventingReader(g), version);
          const response = handler.refuse(request, THROTTLING_QUOTA_EXCEEDED, contextOf(version));
          for (const code of errorCodesIn(response)) assert.equal(code, THROTTLING_QUOTA_EXCEEDED);
          encodeResponse(api, version, 0, response);
        }),
        { numRuns: 60 },
      );
    });
  }

  for (const key of ADMINISTRATIVE) {
    const handler = createHandlers(aCluster()).get(key)!;
    const { api } = handler;
    const version = fc.integer({ min: api.minVersion, max: api.maxVersion });

    it(`of ${api.name} answers any request in every version`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.gen(), version, async (g, version) => {
          const cluster = aCluster();
          for (const name of ['t', 'u']) cluster.createTopic(name);
          const request = api.readRequest(inventingReader(g), version);
          await ask(createHandlers(cluster).get(key)!, request, { version });
        }),
        { numRuns: 60 },
      );
    });
  }
});
