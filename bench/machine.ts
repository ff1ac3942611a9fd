import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { REPOSITORY } from './places.ts';

/** Time and machine of a measurement. */
export interface Machine {
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly architecture: string;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly sdk: string;
  readonly larder: string;
  /** Load from other work on the machine: its load average when the section began. */
  readonly loadBefore: number;
}

const versionIn = (file: string): string =>
  (JSON.parse(readFileSync(path.join(REPOSITORY, file), 'utf8')) as { version: string }).version;

export const describeHost = (postgres: string): Machine => ({
  at: new Date().toISOString(),
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.cpus().length,
  memory: os.totalmem(),
  architecture: process.arch,
  system: `${os.type()} ${os.release()}`,
  node: process.version,
  postgres,
  sdk: versionIn('node_modules/@aws-sdk/client-s3/package.json'),
  larder: versionIn('package.json'),
  loadBefore: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
});

export const describeMachine = (one: Machine): string =>
  [
    `${one.at.slice(0, 16).replace('T', ' ')} UTC`,
    `${one.cores} cores of ${one.cpu} (${one.architecture}), ${(one.memory / 1024 ** 3).toFixed(0)} GiB`,
    one.system,
    `Node ${one.node}`,
    `PostgreSQL ${one.postgres}`,
    `AWS SDK ${one.sdk}`,
    `Larder ${one.larder}`,
    `load ${one.loadBefore} before`,
  ].join('; ');
