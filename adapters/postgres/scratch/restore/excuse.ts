import type { StatementRefused } from '../../../../core/errors/restore.ts';
import { type Manifest, schemasIn } from '../../../../core/manifest.ts';
import { majorOfVersion } from '../../../../core/programs.ts';
import {
  factsOf,
  isCopyOf,
  isForSuperusers,
  lacksAbility,
  type MissingName,
  mayLackCast,
  missingNameIn,
} from '../../session/server-messages.ts';
import type { Prerequisites } from './prerequisites.ts';
import { missingElsewhere } from './unknown-names.ts';

/** The objects that replaced those of the source on the scratch server, and the backup that was restored there. */
export interface Circumstances extends Pick<Prerequisites, 'pretended' | 'emptied' | 'missing'> {
  readonly manifest: Manifest;
  /** Differences that come from the scratch server's locale and settings. */
  readonly localeNotes: readonly string[];
  readonly serverMajor: number;
  /** Names of objects that were left out, such as `acme.f`. */
  readonly leftOut?: readonly string[];
}

/** Why a statement that the scratch server refused is no evidence against the backup. */
export type Excuse =
  | { readonly kind: 'other-major'; readonly server: number; readonly source: number }
  /** Code or rows of the backup name an object that does not belong to the backup. */
  | { readonly kind: 'missing-elsewhere'; readonly missing: MissingName }
  /** Only a superuser can create the object or an object that it needs. */
  | { readonly kind: 'left-out'; readonly name: string }
  | { readonly kind: 'cast-left-out'; readonly cast: string }
  /** The build of the server, or its machine, does not support it. */
  | { readonly kind: 'no-ability' }
  | { readonly kind: 'superusers-only' }
  | { readonly kind: 'rights-missing' }
  /** Objects outside the schema that have no stand-in. */
  | { readonly kind: 'outside-missing'; readonly names: readonly string[] }
  /** Stand-ins that behave differently from the original, such as `the function s.f(integer)`. */
  | { readonly kind: 'stand-ins'; readonly names: readonly string[] }
  | { readonly kind: 'empty-tables' }
  /** A function may have read tables of other schemas. */
  | {
      readonly kind: 'function-reaches-out';
      readonly name: string;
      readonly schemas: readonly string[];
    }
  | { readonly kind: 'locale'; readonly note: string };

/** Further reasons why a materialized view could not be filled. */
export type FillingExcuse =
  | Excuse
  | { readonly kind: 'names-elsewhere'; readonly missing: MissingName }
  /** It reads an object, such as `foreign table s.t`, that is not the same as on the source. */
  | { readonly kind: 'reads-elsewhere'; readonly object: string };

/** SQLSTATEs that may depend on the sort order of text and on which characters are letters: data exceptions, checks, exclusion, uniqueness. */
const BY_LOCALE = /^(22|23505|23514|23P01)/;

/** SQLSTATEs that a tenant's code may raise if objects that it reads are missing: the above, a NULL that is not allowed, and its own errors. */
const BY_CODE = /^(22|23|P0)/;

/** A function that stored objects need and whose text names other schemas, if it may have been called. */
const asked = (cause: unknown, { reachingFunctions = [] }: Manifest) => {
  const { where } = factsOf(cause);
  const { schema, table } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  return reachingFunctions.find(
    ({ name, tables }) =>
      where.includes(name) ||
      tables.some(
        (one) => (one.schema === schema && one.name === table) || isCopyOf(where, one.name),
      ),
  );
};

/** A cast belongs to no schema, and so is in no dump of one. */
export const castsLeftOut = ({ leftOut = [] }: Manifest): readonly string[] =>
  leftOut.flatMap(({ kind, name }) => (kind === 'cast' ? [name] : []));

/** The object outside the backup that the server did not find. */
export const missedElsewhere = ({ cause }: Error, manifest: Manifest): MissingName | undefined =>
  missingElsewhere(cause, schemasIn(manifest), manifest);

/** Why a refused statement is no evidence against the backup; undefined if it is. */
export const excuseFor = (error: StatementRefused, given: Circumstances): Excuse | undefined => {
  const { manifest, pretended, emptied, missing: missingOutside, leftOut = [] } = given;
  const { localeNotes, serverMajor } = given;
  const { cause } = error;
  const { code } = factsOf(cause);
  const source = majorOfVersion(manifest.source.serverVersion);
  if (serverMajor !== source) return { kind: 'other-major', server: serverMajor, source };
  const missing = missedElsewhere(error, manifest);
  if (missing) return { kind: 'missing-elsewhere', missing };
  const unmade = missingNameIn(cause)?.name;
  if (unmade !== undefined && leftOut.includes(unmade)) return { kind: 'left-out', name: unmade };
  const [cast] = mayLackCast(cause) ? castsLeftOut(manifest) : [];
  if (cast !== undefined) return { kind: 'cast-left-out', cast };
  if (lacksAbility(cause)) return { kind: 'no-ability' };
  if (isForSuperusers(cause)) return { kind: 'superusers-only' };
  if (code === '42501') return { kind: 'rights-missing' };
  if (missingOutside.length) {
    const names = missingOutside.map(({ kind, name }) => `the ${kind} ${name}`);
    return { kind: 'outside-missing', names };
  }
  if (pretended.length) return { kind: 'stand-ins', names: pretended };
  if (emptied && error.isRefresh) return { kind: 'empty-tables' };
  const reaching = BY_CODE.test(code) ? asked(cause, manifest) : undefined;
  if (reaching) {
    return { kind: 'function-reaches-out', name: reaching.name, schemas: reaching.schemas };
  }
  const [note] = localeNotes;
  return note !== undefined && BY_LOCALE.test(code) ? { kind: 'locale', note } : undefined;
};
