import type { Section } from '../section.ts';
import { curve } from './curve.ts';
import { engine } from './engine.ts';
import { levels } from './levels.ts';
import { memory } from './memory.ts';
import { neighbors } from './neighbors.ts';
import { plan } from './plan.ts';
import { profile } from './profile.ts';
import { restore } from './restore.ts';
import { small } from './small.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';

/** In the order of the page, which is also the order of measurement. */
export const SECTIONS: readonly Section<unknown>[] = [
  throughput,
  engine,
  profile,
  levels,
  memory,
  // The emulators share its cores, and the sections after it fill them with thousands of rows.
  restore,
  start,
  small,
  plan,
  curve,
  neighbors,
];
