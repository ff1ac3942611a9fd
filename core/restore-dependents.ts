import { quoted } from './errors/base.ts';

/**
 * Objects of other schemas that use a live schema's objects, such as a report's view. They are bound to objects and not to names: after a
 * swap they would go on with the schema that was put aside. PostgreSQL can make some of them again in place, with the same
 * definition, once the restored schema has the name.
 */
export const DEPENDENT_KINDS = [
  'view',
  'materialized view',
  'rule',
  'foreign key',
  'check',
  'default',
  'generated column',
  'trigger',
  'policy',
  'function',
  'column',
  'index',
  'child table',
  'partition',
  'publication',
  'publication of the schema',
  'subscription',
  'other',
] as const;
export type DependentKind = (typeof DEPENDENT_KINDS)[number];

/** Why an object stays with the schema that was put aside. */
export const OBSTACLES = [
  /** The restore role may not act as `owner`. */
  'owner',
  /** Its columns or arguments have types of the schema, which are others in the restored one. */
  'types',
  /** PostgreSQL has no way to replace it: it is dropped and made again. */
  'not-replaceable',
  /** Its rows would be read or written while everybody waits. */
  'rows',
  /** Functions that a tenant wrote would run for it. */
  'code',
  'superuser',
  /** Done outside of a transaction. */
  'subscription',
  'unknown',
  /** Its definition would be bound to other operators or functions. */
  'bindings',
  /** It was tried, and the server refused it: `detail` has its words. */
  'refused',
] as const;
export type DependentObstacle = (typeof OBSTACLES)[number];

/** `possible` and `impossible` before a swap, `done` and `not-done` after it. */
export const REPOINTINGS = ['possible', 'impossible', 'done', 'not-done'] as const;
export type Repointing = (typeof REPOINTINGS)[number];

export interface Dependent {
  readonly kind: DependentKind;
  /** As a person names it: `reports.totals`, `to_orders of shop.returns`. */
  readonly name: string;
  readonly owner?: string;
  readonly repoint: Repointing;
  readonly obstacle?: DependentObstacle;
  readonly detail?: string;
  /** SQL that makes it use the restored schema, once the names are exchanged; absent where there is none. */
  readonly sql?: string;
}

/** `view reports.totals` */
export const dependentTitle = ({ kind, name }: Pick<Dependent, 'kind' | 'name'>): string =>
  kind === 'other' ? name : `${kind} ${name}`;

const WORDS: Readonly<Record<DependentObstacle, string>> = {
  owner: 'the restore role may not act as its owner',
  types: 'it has columns or arguments whose types are of the schema, so it has to be made anew',
  'not-replaceable': 'PostgreSQL can only drop it and make it again',
  rows: 'all its rows would be checked or written while everybody waits',
  code: 'functions that a tenant wrote would run for it',
  superuser: 'only a superuser may change it',
  subscription: 'it is changed outside of a transaction',
  unknown: 'there is no statement that changes it in place',
  bindings: 'its definition would use other operators or functions than now',
  refused: 'the server refused it',
};

/** Why it stays, or undefined where it does not. */
export const obstacleText = ({ obstacle, owner, detail }: Dependent): string | undefined => {
  if (!obstacle) return undefined;
  if (obstacle === 'owner' && owner !== undefined)
    return `the restore role may not act as its owner ${quoted(owner)}`;
  return detail === undefined ? WORDS[obstacle] : `${WORDS[obstacle]}: ${detail}`;
};

const NAMED = 5;

/** `view a.b, trigger c of d.e and 3 more` */
export const dependentTitles = (all: readonly Dependent[]): string =>
  `${all.slice(0, NAMED).map(dependentTitle).join(', ')}${all.length > NAMED ? ` and ${all.length - NAMED} more` : ''}`;
