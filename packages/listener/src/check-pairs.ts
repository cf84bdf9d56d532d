import type { ConsumerFactory } from '@hearken/core';
import type { OptionsCheck } from '@hearken/core/internal';
import type { DefaultErrorHandler } from './failure/default-error-handler.js';
import { isManual } from './container-properties.js';
import type { Checked, Written } from './resolved-properties.js';

/** Settings that do not go together are a misunderstanding of one of them. */
export function checkPairs(
  check: OptionsCheck,
  properties: Checked,
  written: Partial<Written>,
  maxRecords: number,
): void {
  checkListeners(check, properties, maxRecords);
  const sources = (['topics', 'topicPattern', 'topicPartitions'] as const).filter(
    (name) => written[name] !== undefined,
  );
  if (sources.length !== 1) {
    const got = sources.length === 0 ? 'none' : sources.join(' and ');
    check.problem('topics', `exactly one of topics, topicPattern and topicPartitions is needed, got ${got}`);
  }
  if (properties.missingTopicsFatal && written.topics === undefined) {
    check.problem('missingTopicsFatal', 'needs topics: a pattern names none, and of topicPartitions each has to exist');
  }
  if (written.restartBackOff !== undefined && properties.onFatal === 'stop') {
    check.problem('restartBackOff', `needs onFatal: 'restart' or a function`);
  }
  if (written.concurrency !== undefined && written.taskExecutor !== undefined) {
    check.problem('taskExecutor', 'cannot go with concurrency: the executor says how many listeners run at once');
  }
  checkKeys(check, properties, written);
  checkAcks(check, properties, written);
  if (properties.commitBefore) checkCommitBefore(check, written);
  if (properties.commitBefore && properties.shed !== undefined)
    check.problem(
      'shed',
      'cannot go with commitBefore: what is skipped is replayed at least once, and not at most once',
    );
  checkOffsetMap(check, properties, written);
  checkParking(check, properties);
}

function checkListeners(check: OptionsCheck, properties: Checked, maxRecords: number): void {
  const { listener, batchListener, batch, bufferRecords, windowRecords, commitBefore } = properties;
  if ((listener === undefined) === (batchListener === undefined)) {
    const got = listener === undefined ? 'none' : 'both';
    check.problem('listener', `exactly one of listener and batchListener is needed, got ${got}`);
  }
  if (batchListener === undefined) {
    if (batch !== undefined) check.problem('batch', 'needs a batchListener');
    return;
  }
  for (const [name, records] of Object.entries({ bufferRecords, windowRecords }))
    if (records !== undefined && records < maxRecords)
      check.problem(name, `must hold a batch (batch.maxRecords, ${maxRecords}), got ${records}`);
  if (commitBefore)
    check.problem(
      'commitBefore',
      'cannot go with a batchListener: what a failure leaves of a batch would never be processed; use a listener',
    );
}

function checkKeys(check: OptionsCheck, { ordering, nullKey, syncCommits }: Checked, written: Partial<Written>): void {
  if (written.batch?.by === 'any') checkMixedBatches(check, nullKey, syncCommits);
  if (ordering === 'key' || !check.isFine('ordering')) return;
  for (const name of ['nullKey', 'keySelector'] as const)
    if (written[name] !== undefined)
      check.problem(name, `needs ordering: 'key', got '${ordering}', where keys mean nothing`);
  if (written.batch?.by !== undefined)
    check.problem('batch.by', `needs ordering: 'key', got '${ordering}', where keys mean nothing`);
}

/** What each lane would have to wait for by itself. */
function checkMixedBatches(check: OptionsCheck, nullKey: Checked['nullKey'], syncCommits: boolean): void {
  const why = `cannot go with batch.by: 'any', where all keys of a batch would wait for`;
  if (nullKey === 'single') check.problem('nullKey', `'single' ${why} the records without one of all partitions`);
  if (syncCommits) check.problem('syncCommits', `${why} every record before them to be committed`);
}

/** A setting that does nothing in this mode is a misunderstanding of one of both. */
function checkAcks(check: OptionsCheck, { ackMode, ...properties }: Checked, written: Partial<Written>): void {
  if (!check.isFine('ackMode')) return;
  const counts = ackMode === 'count' || ackMode === 'count-time';
  const keepsTime = ackMode === 'time' || ackMode === 'count-time';
  if (properties.syncCommits && ackMode !== 'record' && !properties.commitBefore)
    check.problem('syncCommits', `needs ackMode: 'record', got '${ackMode}'`);
  if (counts && properties.ackCount === undefined) check.problem('ackCount', `is required with ackMode: '${ackMode}'`);
  if (!counts && properties.ackCount !== undefined)
    check.problem('ackCount', `needs ackMode: 'count' or 'count-time', got '${ackMode}'`);
  if (!keepsTime && written.ackTimeMs !== undefined)
    check.problem('ackTimeMs', `needs ackMode: 'time' or 'count-time', got '${ackMode}'`);
  if (ackMode === 'time' && written.commitIntervalMs !== undefined)
    check.problem('commitIntervalMs', `cannot go with ackMode: 'time', where ackTimeMs says how far commits are apart`);
  if (ackMode === 'manual-immediate' && written.commitIntervalMs !== undefined)
    check.problem('commitIntervalMs', `cannot go with ackMode: 'manual-immediate', which commits at once`);
}

function checkCommitBefore(check: OptionsCheck, { ackMode = 'record', ordering, ...written }: Partial<Written>): void {
  if (ackMode !== 'record')
    check.problem(
      'commitBefore',
      `needs ackMode: 'record', or none: a record is committed before it starts, got '${ackMode}'`,
    );
  if (ordering === 'key') {
    const why = 'a commit covers all records below it, also those that wait for their key and have not started';
    check.problem('commitBefore', `cannot go with ordering: 'key': ${why}; use 'partition' or 'none'`);
  }
  for (const name of ['syncCommits', 'commitIntervalMs'] as const)
    if (written[name] !== undefined && written[name] !== false)
      check.problem(name, 'cannot go with commitBefore, where each record waits for its own commit');
}

function checkOffsetMap(check: OptionsCheck, properties: Checked, written: Partial<Written>): void {
  const { offsetMap, ordering, ackMode, listener, commitBefore, commitMetadata } = properties;
  if (!offsetMap) {
    if (written.offsetMapIntervalMs !== undefined) check.problem('offsetMapIntervalMs', 'needs offsetMap: true');
    return;
  }
  if (commitMetadata !== undefined)
    check.problem('offsetMap', 'cannot go with commitMetadata: Kafka keeps one text with an offset');
  if (commitBefore)
    check.problem(
      'offsetMap',
      'cannot go with commitBefore: what is committed never comes again, whether it ended or not',
    );
  else if (listener !== undefined && ordering === 'partition' && check.isFine('ackMode') && !isManual(ackMode))
    check.problem(
      'offsetMap',
      `needs ordering: 'key' or 'none', a manual ackMode or a batchListener: in partition order records end in order, and the offset says it all`,
    );
}

function checkParking(check: OptionsCheck, properties: Checked): void {
  const { parking, errorHandler, ordering, ackMode } = properties;
  const { onExhausted } = errorHandler as Partial<DefaultErrorHandler>;
  if (parking === undefined) {
    if (onExhausted === 'parkKey')
      check.problem('parking', `is required with onExhausted: 'parkKey': { template } at least`);
    return;
  }
  if (onExhausted !== undefined && onExhausted !== 'parkKey')
    check.problem('parking', `needs an error handler that parks: new DefaultErrorHandler({ onExhausted: 'parkKey' })`);
  if (check.isFine('ordering') && ordering !== 'key')
    check.problem('parking', `needs ordering: 'key', got '${ordering}': it is keys that are parked`);
  if (properties.nullKey === 'single')
    check.problem('parking', `cannot go with nullKey: 'single': what is parked runs beside what is not`);
  if (check.isFine('ackMode') && isManual(ackMode))
    check.problem('parking', `cannot go with ackMode: '${ackMode}': a key is handed back when its records have ended`);
  if (properties.batchListener !== undefined)
    check.problem('parking', 'cannot go with a batchListener: use a listener');
  if (properties.topicPartitions !== undefined)
    check.problem('parking', 'needs topics: who works off what is parked is who the group assigns its partition to');
  if (properties.commitBefore)
    check.problem('parking', 'cannot go with commitBefore: a record that is parked comes to the listener again');
}

/** What does not go with this consumer factory. */
export function checkWithFactory(
  check: OptionsCheck,
  properties: Checked,
  written: Partial<Written>,
  { groupId, maxPollIntervalMs }: ConsumerFactory,
): void {
  const hasGroup = properties.groupId !== undefined || groupId !== undefined;
  if (!hasGroup && written.topicPartitions === undefined) {
    check.problem('groupId', 'is required, here or at the factory, unless topicPartitions are given');
  }
  for (const name of ['syncCommits', 'commitBefore', 'commitMetadata', 'offsetMap', 'shed'] as const)
    if (!hasGroup && properties[name]) check.problem(name, 'needs a groupId: there is nowhere to commit to');
  for (const name of ['shutdownTimeoutMs', 'revokeDrainTimeoutMs'] as const) {
    if (properties[name] >= maxPollIntervalMs) {
      check.problem(
        name,
        `must be below the factory's maxPollIntervalMs (${maxPollIntervalMs}), got ${properties[name]}`,
      );
    }
  }
}
