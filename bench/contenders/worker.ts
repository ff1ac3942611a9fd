import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { sayResult } from '../measure.ts';

/** A deployed bundle in a separate process, which receives its events one after another, as in Lambda. */
export interface WorkerTask {
  readonly bundle: string;
  readonly events: readonly unknown[];
}

export interface WorkerResult {
  /** Of each event, in their order. */
  readonly seconds: readonly number[];
  readonly answers: readonly unknown[];
}

const { bundle, events }: WorkerTask = JSON.parse(readFileSync(0, 'utf8'));
const { handler } = await import(pathToFileURL(bundle).href);
const seconds: number[] = [];
const answers: unknown[] = [];
for (const event of events) {
  const begun = performance.now();
  const answer = await handler(event, { getRemainingTimeInMillis: () => 900_000 });
  if (answer?.batchItemFailures?.length) throw new Error('It left its message in the queue.');
  answers.push(answer);
  seconds.push((performance.now() - begun) / 1000);
}
sayResult({ seconds, answers } satisfies WorkerResult);
process.exit(0);
