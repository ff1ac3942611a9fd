import { PRICES } from './prices.ts';

/** Costs of Lambda's time and S3's storage, and the short form of both amounts. */
export const FUNCTION_MB = 2048;
/** Days for which a backup is kept by default. */
export const KEPT_DAYS = 30;

const { lambda, s3 } = PRICES;

/** Cores that come with the function's memory. */
export const CORES = FUNCTION_MB / lambda.mbPerCpu;

export const timeDollars = (seconds: number): number =>
  seconds * (FUNCTION_MB / 1024) * lambda.perGbSecond;

/** For a month. */
export const storageDollars = (bytes: number): number => (bytes / 1e9) * s3.perGbMonth;

export const dollars = (value: number): string =>
  value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
