import { printable } from '../../core/printable.ts';
import { bytesText, countText } from '../words.ts';

/** Values in readable form. Text of a tenant passes through `printable`, so it can't move the cursor or change colors. */
const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** `3 h ago`, `in 12 d`; `now` within a second. */
export const agoText = (iso: string, now: number): string => {
  const away = now - Date.parse(iso);
  const [size, unit] = UNITS.find(([ms]) => Math.abs(away) >= ms) ?? [0, ''];
  if (!size) return 'now';
  const count = Math.floor(Math.abs(away) / size);
  return away > 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
};

/** `2026-11-21 02:00:00 UTC`. */
export const timeText = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

export const durationText = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
};

export const orDash = <T>(value: T | undefined, text: (value: T) => string): string =>
  value === undefined ? '-' : text(value);

export const textOf = printable;
export { bytesText, countText };
