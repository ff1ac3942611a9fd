import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDue } from '../../../functions/sweep/due.ts';
import { DAY, HOUR, MINUTE } from './sweeping.ts';

/** How often sweeps of every five minutes, the first with this delay, try again from one age to another. */
const triesBetween = (from: number, to: number, every?: number, late = 0): number => {
  let tries = 0;
  for (let waited = from + late; waited < to; waited += 5 * MINUTE) {
    if (isDue(waited, every)) tries += 1;
  }
  return tries;
};

test('waiting work is tried by every sweep for an hour, then hourly, then daily', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * MINUTE - 1 }), (late) => {
      expect(triesBetween(5 * MINUTE, HOUR, undefined, late)).toBe(11);
      expect(triesBetween(HOUR, DAY, undefined, late)).toBe(23);
      expect(triesBetween(DAY, 8 * DAY, undefined, late)).toBe(7);
    }),
  );
});

test('work that may be tried only every half hour is, from its first half hour on', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * MINUTE - 1 }), (late) => {
      expect(triesBetween(5 * MINUTE, 30 * MINUTE, 30 * MINUTE, late)).toBe(0);
      expect(triesBetween(30 * MINUTE, HOUR, 30 * MINUTE, late)).toBe(1);
      expect(triesBetween(HOUR, DAY, 30 * MINUTE, late)).toBe(23);
    }),
  );
});
