import { ACTIVE } from './project.ts';
import type { SchemaPlace } from './restore.ts';

/**
 * Which schemas a restore may change. Neither a backup nor its manifest decides that, because a schema's name may belong to another project
 * by now. The source's list of projects decides, at the time of the restore.
 */

/** The project that a restore is for, according to Larder's own records. */
export interface RestoringProject {
  readonly id: string;
  /** The source that has the project: from the registry, or from the backup if the registry has no row. */
  readonly home: string;
  /** The project's schemas in the registry, as last seen; empty without a row. Used only if the source can't be asked. */
  readonly registered: readonly string[];
  /** Whether a person chose the new schema's name. Names that Larder makes end with a time, and no project has such a name. */
  readonly nameChosen: boolean;
  /** True for the project made of the schemas that all projects of a source share. */
  readonly isShared: boolean;
}

/** A row of the source's list of projects, or an entry of the configuration. */
export interface ProjectClaim {
  readonly projectId: string;
  readonly schema: string;
  readonly status: string;
  /** One of the source's shared schemas. */
  readonly isShared?: boolean;
}

/** The source's answer: rows with the project's id, and rows with one of the schemas' names. */
export type Claims =
  | {
      readonly kind: 'read';
      readonly claims: readonly ProjectClaim[];
      /** Number of rows with the project's own id. */
      readonly timesListed: number;
    }
  /** `said` is the server's own sentence, `wayOut` the statements that a person needs. */
  | {
      readonly kind: 'unreadable';
      readonly said: string;
      readonly wayOut: string;
      /** True if no list exists, as in a database that is still empty. */
      readonly isMissing: boolean;
      /** Claims from the configuration. */
      readonly claims: readonly ProjectClaim[];
    };

/** What a restore does to a schema. */
export interface SchemaUse {
  readonly schema: string;
  /**
   * `exchange` and `fill` change a live schema permanently; `set-aside` renames one within a transaction and back; `take` gives a name
   * to a new schema.
   */
  readonly use: 'exchange' | 'fill' | 'set-aside' | 'take';
  /** Whether a schema of that name exists now. */
  readonly live: boolean;
}

/** Why a schema may not be used. */
export type NotOwned = SchemaUse & { readonly source: string } & (
    | { readonly why: 'another-project'; readonly holders: readonly string[] }
    | { readonly why: 'moved'; readonly now: readonly string[] }
    | { readonly why: 'unlisted' }
    | { readonly why: 'listed-twice'; readonly times: number }
    | { readonly why: 'other-source'; readonly home: string }
    | { readonly why: 'unreadable'; readonly said: string; readonly wayOut: string }
  );

/** What a restore of a mode does to which schemas, given the live ones. */
export const usesOf = (
  mode: 'beside' | 'tables-live' | 'swap' | 'elsewhere',
  places: readonly SchemaPlace[],
  before: readonly SchemaPlace[],
  live: { has(schema: string): boolean },
): readonly SchemaUse[] => {
  const useOf = (schema: string, use: SchemaUse['use']): SchemaUse => ({
    schema,
    use,
    live: live.has(schema),
  });
  const from = places.map((place) => place.from);
  if (mode === 'tables-live') return from.map((schema) => useOf(schema, 'fill'));
  const taken = [...places, ...before].map(({ to }) => useOf(to, 'take'));
  if (mode === 'swap') return [...from.map((schema) => useOf(schema, 'exchange')), ...taken];
  const aside = from.filter((schema) => live.has(schema));
  return [...aside.map((schema) => useOf(schema, 'set-aside')), ...taken];
};

const isLasting = ({ use }: SchemaUse): boolean => use === 'exchange' || use === 'fill';

/** A source's shared schemas may be restored into another source, under names that its configuration gives to its own shared schemas. */
const isShareds = (project: RestoringProject, claim: ProjectClaim, { use }: SchemaUse): boolean =>
  use === 'take' && project.isShared && claim.isShared === true;

/** If the list cannot be read, the registry decides, but only for uses that change nothing permanently. */
const unreadableProblem = (
  project: RestoringProject,
  source: string,
  { said, wayOut, claims, isMissing }: Extract<Claims, { readonly kind: 'unreadable' }>,
  one: SchemaUse,
): NotOwned | undefined => {
  const configured = claims.filter(
    (claim) => claim.schema === one.schema && !isShareds(project, claim, one),
  );
  const isConfigured = configured.some(({ projectId }) => projectId === project.id);
  if (configured.length && !isConfigured) {
    const holders = configured.map(({ projectId }) => projectId);
    return { ...one, source, why: 'another-project', holders };
  }
  const isRegistered = project.home === source && project.registered.includes(one.schema);
  const known = isConfigured || isRegistered;
  const harmless = one.use === 'take' ? !project.nameChosen || isMissing : !isLasting(one) && known;
  return harmless ? undefined : { ...one, source, why: 'unreadable', said, wayOut };
};

const problemOf = (
  project: RestoringProject,
  source: string,
  { claims, timesListed }: Extract<Claims, { readonly kind: 'read' }>,
  one: SchemaUse,
): NotOwned | undefined => {
  const own = claims.filter(({ projectId }) => projectId === project.id);
  const named = claims.filter(({ schema }) => schema === one.schema);
  const isOwn = own.some((claim) => named.includes(claim));
  const isActive = own.some((claim) => named.includes(claim) && claim.status === ACTIVE);
  // Another project may have the name by now while the first one's row still exists, with a status that is not ACTIVE.
  const holders = named
    .filter(({ projectId, status }) => projectId !== project.id && (status === ACTIVE || !isActive))
    .filter((claim) => !isShareds(project, claim, one))
    .map(({ projectId }) => projectId);
  const problem = { ...one, source };
  if (!isLasting(one)) {
    // Renaming a schema that two projects share is allowed, because it gets its name back.
    const allowed = !holders.length || (one.use === 'set-aside' && isOwn);
    return allowed ? undefined : { ...problem, why: 'another-project', holders };
  }
  if (holders.length) return { ...problem, why: 'another-project', holders };
  if (project.home !== source) return { ...problem, why: 'other-source', home: project.home };
  if (timesListed > 1) return { ...problem, why: 'listed-twice', times: timesListed };
  if (isOwn) return undefined;
  if (own.length) return { ...problem, why: 'moved', now: own.map(({ schema }) => schema) };
  // If the project and its schema no longer exist, nothing is exchanged.
  return one.live || one.use === 'fill' ? { ...problem, why: 'unlisted' } : undefined;
};

/** @returns the schemas that the restore may not use, each with the reason */
export const notOwned = (
  project: RestoringProject,
  source: string,
  claims: Claims,
  uses: readonly SchemaUse[],
): readonly NotOwned[] =>
  uses.flatMap((one) => {
    const problem =
      claims.kind === 'unreadable'
        ? unreadableProblem(project, source, claims, one)
        : problemOf(project, source, claims, one);
    return problem ? [problem] : [];
  });
