import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TABLE } from '../core/contract.ts';
import { encodePart } from '../core/keys.ts';
import { idPrefixesOf } from '../core/project.ts';
import type { Config, SourceConfig } from './config.ts';

/**
 * The limits that IAM puts on the functions of one source. Ids of a source's projects begin with its prefix, and so do the
 * partitions of their rows and the folders of their objects. So a grant on the prefix keeps a source's functions from the tenants
 * of every other source, whatever their code does. docs/access.md says how much this protects and what it leaves to the code.
 */
export interface Isolation {
  /** Patterns of the rows' partitions, for `dynamodb:LeadingKeys`; undefined if IAM does not limit them. */
  readonly projects: readonly string[] | undefined;
  /** Patterns of the keys, below the vault's prefix, that the functions write and that they read. */
  readonly stores: readonly string[];
  readonly reads: readonly string[];
}

const NOT_HELD: Isolation = { projects: undefined, stores: ['*'], reads: ['*'] };

/** IAM treats these characters as wildcards or variables. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
const literal = (text: string): string => text.replace(/[*?$]/g, (char) => `\${${char}}`);

/** IAM allows no other characters in a policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
const HOLDABLE = /^[\x20-\x7E]+$/;

/** Partitions that all sources share: of runs, and of the firings of schedules. */
export const SHARED_PARTITIONS: readonly string[] = [
  `${TABLE.runPrefix}*`,
  `${TABLE.schedulePrefix}*`,
];

/** The position of a project's folder in the template, after the vault's prefix: '' in the default one. */
const folderOf = (keyTemplate: string, vaultPrefix: string): string =>
  keyTemplate.slice(vaultPrefix.length, keyTemplate.indexOf('{projectId}'));

/**
 * The isolation of a source's functions, or of the function that restores into it. The restore function also reads the sources that it
 * accepts backups from. There is no isolation if there is only one source or if a prefix is missing.
 * @param vaultPrefix of all keys, such as `backups/`
 */
export const isolationOf = (
  { sources, keyTemplate }: Pick<Config, 'sources' | 'keyTemplate'>,
  source: SourceConfig,
  vaultPrefix: string,
  from: readonly string[] = [],
): Isolation => {
  const reached = sources.filter(({ name }) => name === source.name || from.includes(name));
  const prefixes = [...new Set(reached.flatMap(idPrefixesOf))];
  if (sources.length < 2 || !prefixes.every((prefix) => HOLDABLE.test(prefix))) return NOT_HELD;
  const folders = prefixes.map((prefix) => `${encodePart(prefix)}*`);
  return {
    projects: prefixes.map((prefix) => `${TABLE.projectPrefix}${literal(prefix)}*`),
    stores: folders.map((folder) => `${folderOf(keyTemplate, vaultPrefix)}${folder}`),
    // Includes keys of an earlier template, which may have had the projects in other folders.
    reads: folders.flatMap((folder) => [folder, `*/${folder}`]),
  };
};

/** Why IAM does not isolate a source's functions from other sources; undefined if it does. */
const whyNotHeld = (
  { sources }: Pick<Config, 'sources'>,
  source: SourceConfig,
): string | undefined => {
  const own = idPrefixesOf(source);
  if (own.includes('')) return 'it has no idPrefix, or had none before (olderIdPrefixes)';
  if (!own.every((prefix) => HOLDABLE.test(prefix)))
    return 'its idPrefix has characters that a policy of IAM cannot hold';
  const inside = sources.find(
    (other) =>
      other.name !== source.name &&
      idPrefixesOf(other).some((prefix) => own.some((mine) => prefix.startsWith(mine))),
  );
  return inside && `ids of ${inside.name} begin with its prefix, too`;
};

/** Warns, if there are several sources, which of them have functions that reach all backups. */
export const noteWhatIsNotHeld = (scope: Construct, config: Pick<Config, 'sources'>): void => {
  if (config.sources.length < 2) return;
  for (const source of config.sources) {
    const why = whyNotHeld(config, source);
    if (why === undefined) continue;
    Annotations.of(scope).addInfoV2(
      `larder:not-isolated-${source.name}`,
      `IAM does not keep the functions of source ${source.name} from the backups of other sources: ${why}. See "Between sources" in docs/access.md.`,
    );
  }
};
