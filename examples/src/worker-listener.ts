// docs:begin worker-listener
import { createHash } from 'node:crypto';
import { json, type WorkerListener } from 'hearken';
import type { Order } from './setting.js';

const orders = json<Order>();

export const listener: WorkerListener = async (record, { signal }) => {
  const order = await orders.deserialize(record.value, record);
  let proof = order.id;
  for (let round = 0; round < 2_000; round++) {
    if (signal.aborted) throw signal.reason; // seen here too, where no message gets in
    proof = createHash('sha256').update(proof).digest('hex');
  }
};
// docs:end worker-listener
