import { quoted } from './errors/base.ts';

/**
 * Dependents: objects of other schemas that use a live schema's objects, such as a report's view. They are bound to objects, not to
 * names: after a swap they would still use the old schema. Some can be repointed: PostgreSQL replaces them in place, with the same
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
  'cast',
  'transform',
  'event trigger',
  'other',
] as const;
export type DependentKind = (typeof DEPENDENT_KINDS)[number];

/** Why an object stays with the old schema. */
export const OBSTACLES = [
  /** The restore role may not act as `owner`. */
  'owner',
  /** Its columns or arguments have types of the schema; the restored schema has types of its own. */
  'types',
  /** PostgreSQL cannot replace it in place: it has to be dropped and recreated. */
  'not-replaceable',
  /** PostgreSQL would read or write all its rows under locks that block every other session. */
  'rows',
  /** PostgreSQL would run functions that a tenant wrote. */
  'code',
  'superuser',
  /** It can only be changed outside of a transaction. */
  'subscription',
  'unknown',
  /** Its definition would be bound to other operators or functions. */
  'bindings',
  /** The server refused the statement: `detail` has the server's message. */
  'refused',
] as const;
export type DependentObstacle = (typeof OBSTACLES)[number];

/** `possible` and `impossible` before a swap, `done` and `not-done` after it. */
export const REPOINTINGS = ['possible', 'impossible', 'done', 'not-done'] as const;
export type Repointing = (typeof REPOINTINGS)[number];

export interface Dependent {
  readonly kind: DependentKind;
  /** As people name it: `reports.totals`, `to_orders of shop.returns`. */
  readonly name: string;
  readonly owner?: string;
  readonly repoint: Repointing;
  readonly obstacle?: DependentObstacle;
  readonly detail?: string;
  /** SQL that makes it use the restored schema after the exchange of names; absent if there is none. */
  readonly sql?: string;
}

/** `view reports.totals` */
export const dependentTitle = ({ kind, name }: Pick<Dependent, 'kind' | 'name'>): string =>
  kind === 'other' ? name : `${kind} ${name}`;

const WORDS: Readonly<Record<DependentObstacle, string>> = {
  owner: 'the restore role may not act as its owner',
  types: 'its columns or arguments have types of the schema, so it has to be dropped and recreated',
  'not-replaceable': 'PostgreSQL can only drop and recreate it',
  rows: 'PostgreSQL would check or write all its rows while it blocks all other sessions',
  code: 'PostgreSQL would run functions of a tenant for it',
  superuser: 'only a superuser may change it',
  subscription: 'it can only be changed outside of a transaction',
  unknown: 'there is no statement that changes it in place',
  bindings: 'its definition would use other operators or functions than now',
  refused: 'the server refused it',
};

/** Why it stays with the old schema, or undefined if it does not. */
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
