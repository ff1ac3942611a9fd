import { afterAll, beforeAll } from 'vitest';
import type { Call, Fate, Meddle } from '../support/http-proxy.ts';
import type { FaultName } from './catalogue.ts';
import { type BenchOptions, openBench } from './harness.ts';
import { openRoom, type Room } from './room.ts';
import { fault, verdictOf } from './verdict.ts';

/** A proxy between the worker and S3 answers some calls instead of S3. */
let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

const trying = (
  name: FaultName,
  s3: () => Meddle,
  options: BenchOptions = {},
  project: 'acme' | 'large' = 'large',
): void =>
  fault(name, async () => {
    const bench = await openBench(room, { s3: s3(), ...options });
    const backup = await bench.request(project);
    await bench.settle(backup);
    return await verdictOf(bench, backup);
  });

const isPart = ({ method, url }: Call): boolean => method === 'PUT' && url.includes('partNumber=');
const isPartTwo = (call: Call): boolean => isPart(call) && call.url.includes('partNumber=2');
const isCompletion = ({ method, url }: Call): boolean =>
  method === 'POST' && url.includes('uploadId=');
const isManifest = ({ method, url }: Call): boolean =>
  method === 'PUT' && url.includes('.manifest.json');
/** Reads, lists and HEAD requests are not part of the writing that fails. */
const always =
  (wanted: (call: Call) => boolean, fate: Fate): (() => Meddle) =>
  () =>
  (call) =>
    wanted(call) ? fate : 'pass';
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

const error = (code: string): string => `<Error><Code>${code}</Code><Message>x</Message></Error>`;
const INTERNAL: Fate = { status: 500, body: error('InternalError') };
const SLOW_DOWN: Fate = { status: 503, body: error('SlowDown') };
const HASTY = { patience: 8000 };
/** An answer that never comes is waited for once an attempt, to be quick. */
const ONCE = { patience: 4000, tries: 1 };

trying('S3 answers 500 to a part forever', always(isPartTwo, INTERNAL));
trying('S3 answers 503 SlowDown, then recovers', times(2, isPart, SLOW_DOWN));
trying(
  'S3 answers 503 SlowDown forever',
  always(() => true, SLOW_DOWN),
);
trying(
  'S3 answers 403',
  always(({ method }) => method !== 'GET', { status: 403, body: error('AccessDenied') }),
);
trying(
  'S3 answers 400 RequestTimeout forever',
  always(isPart, { status: 400, body: error('RequestTimeout') }),
);
trying('S3 does not answer a part, once', times(1, isPartTwo, 'hang'), HASTY);
trying('S3 never answers a part', always(isPartTwo, 'hang'), ONCE);
trying('S3 resets the connection at a part, once', times(1, isPartTwo, 'reset'));
trying('S3 answers 500 to the completion forever', always(isCompletion, INTERNAL));
trying(
  'S3 answers 200 to the completion, with an error inside',
  always(isCompletion, { status: 200, body: error('InternalError') }),
);
trying('S3 never answers the completion, which is not done', always(isCompletion, 'hang'), ONCE);
trying(
  'S3 never answers the completion, which is done',
  times(1, isCompletion, 'pass-then-hang'),
  HASTY,
);
trying(
  'S3 answers 500 to the completion, which is done',
  always(isCompletion, { status: 500, body: error('InternalError'), done: true }),
);
trying('S3 answers 500 to the manifest forever', always(isManifest, INTERNAL), {}, 'acme');
trying(
  'S3 never answers the manifest, which is done',
  times(1, isManifest, 'pass-then-hang'),
  HASTY,
  'acme',
);

/** From one call on, everything of the first attempt fails. */
const goneFrom =
  (wanted: (call: Call) => boolean, first: Fate): (() => Meddle) =>
  () => {
    let isGone = false;
    return (call) => {
      // The second attempt first looks for the first one's manifest.
      if (call.url.includes('list-type=2') && call.url.includes('.manifest.json')) isGone = false;
      if (isGone) return INTERNAL;
      if (!wanted(call) || !call.url.includes('-1.')) return 'pass';
      isGone = true;
      return first;
    };
  };
trying('S3 is gone after the first part, with the upload, and recovers', goneFrom(isPart, 'pass'));
trying('S3 is gone after the completion and recovers', goneFrom(isManifest, INTERNAL));

fault('another program aborts the upload meanwhile', async () => {
  let aborted = false;
  const bench = await openBench(room, {
    s3: (call) => {
      if (aborted || !isPartTwo(call)) return 'pass';
      aborted = true;
      return { status: 404, body: error('NoSuchUpload') };
    },
  });
  const backup = await bench.request('large');
  await bench.settle(backup);
  return await verdictOf(bench, backup);
});
