import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TABLE } from '../core/contract.ts';
import { encodePart } from '../core/keys.ts';
import { idPrefixesOf } from '../core/project.ts';
import type { Config, SourceConfig } from './config.ts';

/**
 * What IAM holds the functions of one source to. Ids of a source's projects begin with its prefix, and with them the partitions of
 * their rows and the folders of their objects: so a grant on the prefix lets a source's functions reach no other source's tenants,
 * whatever their code does. docs/access.md says what this is worth, and what it leaves to the code.
 */
export interface Isolation {
  /** Patterns of the rows' partitions, for `dynamodb:LeadingKeys`; undefined where IAM holds them to nothing. */
  readonly projects: readonly string[] | undefined;
  /** Patterns of the keys that are written below the vault's prefix, and of those that are read. */
  readonly stores: readonly string[];
  readonly reads: readonly string[];
}

const NOT_HELD: Isolation = { projects: undefined, stores: ['*'], reads: ['*'] };

/** IAM takes these characters for wildcards or variables. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
const literal = (text: string): string => text.replace(/[*?$]/g, (char) => `\${${char}}`);

/** IAM takes no other characters in a policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
const HOLDABLE = /^[\x20-\x7E]+$/;

/** Partitions that all sources share: of runs, and of the firings of schedules. */
export const SHARED_PARTITIONS: readonly string[] = [
  `${TABLE.runPrefix}*`,
  `${TABLE.schedulePrefix}*`,
];

/** Where the folder of a project lies in the template, from the vault's prefix on: '' in the default one. */
const folderOf = (keyTemplate: string, vaultPrefix: string): string =>
  keyTemplate.slice(vaultPrefix.length, keyTemplate.indexOf('{projectId}'));

/**
 * The isolation of a source's functions, or of what restores into it: that one reads also what it takes from others. Of one source alone,
 * or where a prefix is missing, there is none.
 * @param vaultPrefix of all keys, `backups/`
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
    // Also what lies under an earlier template, which may have had the projects in other folders.
    reads: folders.flatMap((folder) => [folder, `*/${folder}`]),
  };
};

/** Why IAM does not keep a source's functions apart from those of others; undefined where it does. */
const whyNotHeld = (
  { sources }: Pick<Config, 'sources'>,
  source: SourceConfig,
): string | undefined => {
  const own = idPrefixesOf(source);
  if (own.includes('')) return 'it has no idPrefix, or had none before (olderIdPrefixes)';
  if (!own.every((prefix) => HOLDABLE.test(prefix)))
    return 'its idPrefix has characters that a policy of IAM can not hold';
  const inside = sources.find(
    (other) =>
      other.name !== source.name &&
      idPrefixesOf(other).some((prefix) => own.some((mine) => prefix.startsWith(mine))),
  );
  return inside && `ids of ${inside.name} begin with its prefix, too`;
};

/** Says of which sources of several the functions reach all backups. */
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
