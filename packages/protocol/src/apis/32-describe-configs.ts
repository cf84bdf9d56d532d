import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, int16, int32, int8, nullableArray, nullableString, since, string, struct } from '../wire.js';

/** DescribeConfigs, key 32, v1-v4. v3 adds types and documentation. */
export const describeConfigsApi = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request: struct({
    resources: array(
      struct({
        /** 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group. */
        resourceType: int8,
        /** For brokers the node id, or empty for what all of them have. */
        resourceName: string,
        /** Null: all. */
        configurationKeys: nullableArray(string),
      }),
    ),
    includeSynonyms: boolean,
    includeDocumentation: since(3, boolean, false),
  }),
  response: struct({
    throttleTimeMs: int32,
    results: array(
      struct({
        errorCode: int16,
        errorMessage: nullableString,
        resourceType: int8,
        resourceName: string,
        configs: array(
          struct({
            name: string,
            /** Null for what is sensitive, or has no value. */
            value: nullableString,
            readOnly: boolean,
            /** 1 topic, 2 this broker at run time, 3 all brokers at run time, 4 this broker's start, 5 default. */
            configSource: int8,
            isSensitive: boolean,
            /** Every place that tells a value, the one that counts first. */
            synonyms: array(struct({ name: string, value: nullableString, source: int8 })),
            /** 0 unknown, 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password. */
            configType: since(3, int8, 0),
            documentation: since(3, nullableString, null),
          }),
        ),
      }),
    ),
  }),
});

export type DescribeConfigsRequest = RequestOf<typeof describeConfigsApi>;
export type DescribeConfigsResponse = ResponseOf<typeof describeConfigsApi>;
