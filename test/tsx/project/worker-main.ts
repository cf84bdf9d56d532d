import { Headers, workerThreadListener, type ConsumerRecord } from 'hearken';

const record: ConsumerRecord = {
  ...{ topic: 't', partition: 0, offset: 0, timestamp: 0, timestampType: 'create-time', key: null },
  ...{ value: Buffer.from('o-1'), headers: new Headers() },
};
// As TypeScript has it: the file is worker-listener.ts.
const threads = workerThreadListener(new URL('./worker-listener.js', import.meta.url), {
  ...{ threads: 1, returnsResult: true },
});
console.log(await threads.onMessage(record, { signal: new AbortController().signal, attempt: 1, epoch: 1 }));
await threads.close();
