import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { COMPRESSIONS, FORMATS } from '../../core/backup.ts';
import { FormatNotPossible } from '../../core/errors/request.ts';
import { refuseImpossible } from '../../core/formats.ts';
import { pascalCase } from '../../core/outputs.ts';
import { retentionPolicy } from '../../core/retention/policy.ts';
import { type Mistake, mistake, ofSources, repeated } from './mistake.ts';
import { type Outline, outlineOf, textsOf } from './outline.ts';
import { comparisonMistakes, loginMistakes, restoreMistakes } from './restore-checks.ts';
import type { Config, ScheduleConfig } from './schema.ts';

/** Names of the sources that a schedule fires for. */
export const sourcesOf = (config: Config, schedule: ScheduleConfig): string[] =>
  schedule.sources === 'all' ? config.sources.map(({ name }) => name) : [...schedule.sources];

const scheduleMistakes = (outline: Outline): Mistake[] => {
  const known = outline.sources.map((source) => source?.name);
  return outline.schedules.flatMap((schedule, index) => {
    const at = ['schedules', index];
    const named = textsOf(schedule?.sources);
    const unknown = named.flatMap((name, position) =>
      known.includes(name)
        ? []
        : [
            mistake(
              [...at, 'sources', position],
              `there is no source "${name}": give one of ${known.filter(Boolean).join(', ')}`,
            ),
          ],
    );
    const twice = repeated(named, (position) => [...at, 'sources', position]);
    return [...unknown, ...twice];
  });
};

/** A policy finds classes by the calendar: a class that a schedule gives would have no effect. */
const classMistakes = (outline: Outline): Mistake[] => {
  const settings = [outline.retention, ...outline.sources.map((source) => source?.retention)];
  const byClass = settings.some(
    (one) => one !== undefined && !retentionPolicy.safeParse(one).success,
  );
  const byPolicy = settings.some((one) => retentionPolicy.safeParse(one).success);
  if (byClass || !byPolicy) return [];
  return outline.schedules.flatMap((schedule, index) =>
    schedule?.retentionClass === undefined
      ? []
      : [
          mistake(
            ['schedules', index, 'retentionClass'],
            'leave it out where retention is a policy: the first backup of a week, month or year gets its class by itself',
          ),
        ],
  );
};

const projectMistakes = (outline: Outline): Mistake[] =>
  ofSources(outline, ({ schemas, projectQuery }, at) =>
    schemas !== undefined && projectQuery !== undefined
      ? [mistake([...at, 'projectQuery'], 'leave it out if schemas are the projects')]
      : [],
  );

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
};

const caMistakes = (outline: Outline, folder: string): Mistake[] =>
  ofSources(outline, ({ ca, tls }, source) => {
    if (!ca) return [];
    const at = [...source, 'ca'];
    if (tls === 'disable') return [mistake(at, 'leave it out if tls is "disable"')];
    try {
      return isCertificate(readFileSync(path.resolve(folder, ca), 'utf8'))
        ? []
        : [mistake(at, `"${ca}" contains no certificate in PEM`)];
    } catch {
      return [mistake(at, `the file "${ca}" does not exist or can't be read`)];
    }
  });

const endpointMistakes = (outline: Outline): Mistake[] => {
  const makers: string[] = [];
  return ofSources(outline, ({ vpc }, source) => {
    if (!vpc?.endpoints || vpc.vpcId === undefined) return [];
    const at = [...source, 'vpc'];
    // In a VPC, the private names of a service can point to one endpoint only.
    const made = makers.includes(vpc.vpcId);
    makers.push(vpc.vpcId);
    const gateways =
      vpc.endpoints === true || vpc.endpoints.some((name) => name === 's3' || name === 'dynamodb');
    return [
      ...(made
        ? [
            mistake(
              [...at, 'endpoints'],
              `another source creates the endpoints of ${vpc.vpcId}, which serve all sources in it: leave it out`,
            ),
          ]
        : []),
      ...(gateways && vpc.routeTableIds === undefined
        ? [
            mistake(
              [...at, 'routeTableIds'],
              'give the route tables of the subnets: the endpoints of S3 and DynamoDB are routes in them',
            ),
          ]
        : []),
    ];
  });
};

const formatMistakes = (outline: Outline): Mistake[] => {
  const format = FORMATS.find((one) => one === (outline.export.format ?? 'custom'));
  const compression = COMPRESSIONS.find((one) => one === outline.export.compression);
  if (!format || !compression) return [];
  try {
    refuseImpossible(format, compression);
    return [];
  } catch (error) {
    if (!(error instanceof FormatNotPossible)) throw error;
    const takes = format === 'tar' ? 'none' : 'none, gzip or zstd';
    return [mistake(['export', 'compression'], `format ${format} allows ${takes}`)];
  }
};

/**
 * Every check that the form alone can't make, for a configuration of any form.
 * @param folder what file names are relative to
 */
export const crossCheck = (value: unknown, folder: string): Mistake[] => {
  const outline = outlineOf(value);
  return [
    // Names of outputs and nested stacks allow letters and digits only, so dashes are lost.
    ...repeated(
      outline.sources.map((source) => source?.name),
      (index) => ['sources', index, 'name'],
      pascalCase,
    ),
    ...repeated(
      outline.schedules.map((schedule) => schedule?.name),
      (index) => ['schedules', index, 'name'],
    ),
    ...loginMistakes(outline),
    ...restoreMistakes(outline),
    ...projectMistakes(outline),
    ...classMistakes(outline),
    ...caMistakes(outline, folder),
    ...endpointMistakes(outline),
    ...scheduleMistakes(outline),
    ...formatMistakes(outline),
    ...comparisonMistakes(outline),
  ];
};
