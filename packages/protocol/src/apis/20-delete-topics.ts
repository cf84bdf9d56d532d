import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, nullableString, since, string, struct, until, uuid, ZERO_UUID } from '../wire.js';

/** DeleteTopics, key 20, v1-v6. v5 adds a message; v6 names topics by name or by id. */
export const deleteTopicsApi = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request: struct({
    /** Either a name or, with a null name, an id. Up to v5 see {@link topicNames}. */
    topics: since(6, array(struct({ name: nullableString, topicId: uuid })), []),
    topicNames: until(5, array(string), []),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: int32,
    responses: array(
      struct({
        /** Null, from v6 on, for an id that is not known. */
        name: nullableString,
        topicId: since(6, uuid, ZERO_UUID),
        errorCode: int16,
        errorMessage: since(5, nullableString, null),
      }),
    ),
  }),
});

export type DeleteTopicsRequest = RequestOf<typeof deleteTopicsApi>;
export type DeleteTopicsResponse = ResponseOf<typeof deleteTopicsApi>;
