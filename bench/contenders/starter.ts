import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { sayResult } from '../measure.ts';

/** Loads a bundle up to the first line of its handler, and reports the time of that. */
const { bundle }: { readonly bundle: string } = JSON.parse(readFileSync(0, 'utf8'));
const { handler } = await import(pathToFileURL(bundle).href);
const at = performance.timeOrigin + performance.now();
if (typeof handler !== 'function') throw new Error('The bundle exports no handler.');
const { rss } = process.memoryUsage();
sayResult({ at, rss });
process.exit(0);
