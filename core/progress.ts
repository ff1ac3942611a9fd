import { type Backup, millis } from './backup.ts';
import type { Restore, RestoreStep } from './restore.ts';
import type { Verification } from './verification.ts';

/** How far work is, made from what its worker writes with each heartbeat, every 20 s. */
export interface Advance {
  /** From 0 to 99, a whole number; an end has a status instead. */
  readonly percent: number;
  /** Of the present step, estimated from its speed so far; absent if too little is done to tell. */
  readonly secondsLeft?: number;
  readonly bytesPerSecond?: number;
}

/** Less than this share or time tells nothing about the rest. */
const LEAST_SHARE = 0.02;
const LEAST_MS = 5000;

const clamped = (share: number): number => Math.min(1, Math.max(0, share));

const percentOf = (share: number): number => Math.min(99, Math.floor(clamped(share) * 100));

/** @param share of the step, from 0 to 1. @param ms since the step began */
const secondsLeft = (share: number, ms: number): { readonly secondsLeft?: number } =>
  share < LEAST_SHARE || ms < LEAST_MS
    ? {}
    : { secondsLeft: Math.max(0, Math.round((ms / 1000) * (1 / clamped(share) - 1))) };

const rateOf = (bytes: number, ms: number): { readonly bytesPerSecond?: number } =>
  ms < LEAST_MS ? {} : { bytesPerSecond: Math.round(bytes / (ms / 1000)) };

const elapsed = (since: string | undefined, at: string): number =>
  since === undefined ? 0 : Math.max(0, millis(at) - millis(since));

/** By bytes of tables on the server; by the number of tables in rows of older versions. */
export const backupAdvance = ({
  progress,
  startedAt,
}: Pick<Backup, 'progress' | 'startedAt'>): Advance | undefined => {
  if (!progress) return undefined;
  const { tablesDone, tablesTotal, sourceBytesDone = 0, sourceBytesTotal = 0, at } = progress;
  const share = sourceBytesTotal
    ? sourceBytesDone / sourceBytesTotal
    : tablesDone / Math.max(1, tablesTotal);
  return { percent: percentOf(share), ...secondsLeft(share, elapsed(startedAt, at)) };
};

/** Where each step begins, in percent of a whole restore. Only loading has a measure of its own. */
const STEP_BEGINS: Readonly<Record<RestoreStep, number>> = {
  checking: 0,
  'safety-backup': 5,
  loading: 10,
  counting: 80,
  'foreign-keys': 95,
  exchanging: 98,
};

export const restoreAdvance = ({ progress }: Pick<Restore, 'progress'>): Advance | undefined => {
  if (!progress) return undefined;
  const { step, bytesRead, bytesTotal, at, since } = progress;
  const begin = STEP_BEGINS[step];
  if (step !== 'loading') return { percent: begin };
  const share = bytesTotal ? bytesRead / bytesTotal : 0;
  const ms = elapsed(since, at);
  const percent = begin + (STEP_BEGINS.counting - begin) * clamped(share);
  return {
    percent: Math.floor(percent),
    ...secondsLeft(share, ms),
    ...rateOf(bytesRead, ms),
  };
};

/** Of a verification, comparing takes the last tenth. */
const LOADING = 90;

export const verificationAdvance = ({
  progress,
}: Pick<Verification, 'progress'>): Advance | undefined => {
  if (!progress) return undefined;
  const { step, bytesRead, bytesTotal, at, since } = progress;
  if (step === 'comparing') return { percent: LOADING };
  const share = bytesTotal ? bytesRead / bytesTotal : 0;
  const ms = elapsed(since, at);
  return {
    percent: Math.floor(LOADING * clamped(share)),
    ...secondsLeft(share, ms),
    ...rateOf(bytesRead, ms),
  };
};
