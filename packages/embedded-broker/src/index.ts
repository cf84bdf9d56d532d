export { BrokerError } from './broker-error.js';
export type { Handler, RequestContext } from './handlers/handler.js';
