import { afterAll, beforeAll, expect } from 'vitest';
import type { Call, Fate, Meddle } from '../support/http-proxy.ts';
import type { FaultName } from './catalogue.ts';
import { type BenchOptions, DYNAMODB_TRIES, openBench } from './harness.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/** A proxy between the worker and DynamoDB answers some calls instead of DynamoDB. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

const trying = (name: FaultName, history: () => Meddle, options: BenchOptions = {}): void =>
  fault(name, async () => {
    const bench = await openBench(room, { history: history(), ...options });
    const backup = await bench.request('acme');
    await bench.settle(backup);
    return await verdictOf(bench, backup);
  });

const THROTTLED: Fate = {
  status: 400,
  body: JSON.stringify({
    __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
    message: 'x',
  }),
};
const LOST: Fate = {
  status: 500,
  body: JSON.stringify({
    __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError',
    message: 'x',
  }),
  done: true,
};
const isUpdate = ({ headers }: Call): boolean =>
  String(headers['x-amz-target']).endsWith('.UpdateItem');
const isClaim = (call: Call): boolean => isUpdate(call) && call.body.includes('":to_claimedBy"');
const isCompletion = (call: Call): boolean => isUpdate(call) && call.body.includes('":to_fileId"');

const times =
  (count: number, wanted: (call: Call) => boolean, fate: Fate): (() => Meddle) =>
  () => {
    let left = count;
    return (call) => {
      if (left === 0 || !wanted(call)) return 'pass';
      left -= 1;
      return fate;
    };
  };

/** From one call on everything fails, until the next delivery, which begins with its claim. */
const goneFrom =
  (wanted: (call: Call) => boolean, first: Fate, then: Fate): (() => Meddle) =>
  () => {
    let isGone = false;
    let wasGone = false;
    return (call) => {
      if (isGone && isClaim(call)) isGone = false;
      if (isGone) return then;
      if (wasGone || !wanted(call)) return 'pass';
      isGone = true;
      wasGone = true;
      return first;
    };
  };

trying('the history throttles the claim, once', times(1, isClaim, THROTTLED));
trying('the history does the claim and loses the answer', times(1, isClaim, LOST));
trying(
  'the history throttles the completion forever, and recovers for the failure',
  times(DYNAMODB_TRIES, isCompletion, THROTTLED),
);
trying('the history is gone right before the completion', goneFrom(isCompletion, 'hang', 'reset'));
trying('the history does the completion and answers 500', times(1, isCompletion, LOST));
trying(
  'the history does the completion and is gone',
  goneFrom(isCompletion, 'pass-then-hang', 'reset'),
);

fault('the history throttles every claim of a delivery', async () => {
  const bench = await openBench(room, { history: times(DYNAMODB_TRIES, isClaim, THROTTLED)() });
  const backup = await bench.request('acme');
  expect((await bench.deliver(backup)).message).toBe('again');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});

fault('the history is gone while the third attempt fails', async () => {
  let claims = 0;
  let isGone = false;
  const bench = await openBench(room, {
    pgDump: 'exit 1',
    history: (call) => {
      if (isClaim(call)) {
        claims += 1;
        // The third attempt's failure can't be written; the fourth delivery finds the attempts used up.
        isGone = false;
      }
      if (isGone) return THROTTLED;
      isGone = claims === 3;
      return 'pass';
    },
  });
  const backup = await bench.request('acme');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
