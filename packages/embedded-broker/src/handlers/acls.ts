import {
  createAclsApi,
  deleteAclsApi,
  describeAclsApi,
  errorCodes,
  type CreateAclsRequest,
  type CreateAclsResponse,
  type DeleteAclsRequest,
  type DeleteAclsResponse,
  type DescribeAclsRequest,
  type DescribeAclsResponse,
} from '@hearken/protocol';
import type { Handler } from './handler.js';

// There is no access control, and these three say so, as a Kafka without an authorizer does.

const { SECURITY_DISABLED } = errorCodes;
const NO_AUTHORIZER = 'No Authorizer is configured.';

export const describeAclsHandler = (): Handler<DescribeAclsRequest, DescribeAclsResponse> => {
  const refuse = (errorCode: number, errorMessage: string | null): DescribeAclsResponse => ({
    throttleTimeMs: 0,
    errorCode,
    errorMessage,
    resources: [],
  });
  return {
    api: describeAclsApi,
    handle: () => refuse(SECURITY_DISABLED, 'No Authorizer is configured on the broker'),
    refuse: (_request, errorCode) => refuse(errorCode, null),
  };
};

export const createAclsHandler = (): Handler<CreateAclsRequest, CreateAclsResponse> => {
  const refuse = (
    { creations }: CreateAclsRequest,
    errorCode: number,
    errorMessage: string | null,
  ): CreateAclsResponse => ({ throttleTimeMs: 0, results: creations.map(() => ({ errorCode, errorMessage })) });
  return {
    api: createAclsApi,
    handle: (request) => refuse(request, SECURITY_DISABLED, NO_AUTHORIZER),
    refuse: (request, errorCode) => refuse(request, errorCode, null),
  };
};

export const deleteAclsHandler = (): Handler<DeleteAclsRequest, DeleteAclsResponse> => {
  const refuse = (
    { filters }: DeleteAclsRequest,
    errorCode: number,
    errorMessage: string | null,
  ): DeleteAclsResponse => ({
    throttleTimeMs: 0,
    filterResults: filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  });
  return {
    api: deleteAclsApi,
    handle: (request) => refuse(request, SECURITY_DISABLED, NO_AUTHORIZER),
    refuse: (request, errorCode) => refuse(request, errorCode, null),
  };
};
