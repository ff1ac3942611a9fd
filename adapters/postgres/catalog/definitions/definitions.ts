import type pg from 'pg';
import { sha256Hex } from '../../../../core/ids.ts';
import type { Definition } from '../../../../core/manifest.ts';
import { atOnce } from '../../session/pipelined-reads.ts';
import { type FormRule, formOf } from '../expressions/normal-form.ts';
import type { SchemaOids } from '../schema-contents.ts';
import { ACCESS_QUERY } from './access-query.ts';
import { DEFINITION_QUERIES } from './definition-queries.ts';

/**
 * Every object of the schemas with a digest of its definition: read in a backup's snapshot, and again after a restore, by the same rule. It
 * covers what pg_dump restores, so neither statistics' values nor oids. Owners and grants have a digest of their own, because not every
 * restore keeps them. Two digests can be compared if both servers have the same major: another one may write an expression otherwise, and
 * know other properties.
 */
export interface Defining {
  readonly name: string;
  /** Compared unchanged. */
  readonly facts: unknown;
  /** Compared by meaning, because servers write some of them in another form. */
  readonly expressions: readonly (string | null)[];
}

/**
 * A digest begins with the number of the rule that made it. The number changes whenever a digest may differ for the same object. The first
 * rule, whose digests have no number, used the words of expressions and not their order: such digests prove nothing. The second kept the
 * names of columns that nothing can refer to.
 */
const RULES = ['3:', '2:'] as const;
export type Rule = (typeof RULES)[number];
const DIGEST_CHARACTERS = 16;

/** The rule that made these digests; undefined if it is not known, or no longer. */
export const ruleOf = (definitions: readonly Definition[]): Rule | undefined =>
  RULES.find((rule) => definitions.every(({ digest }) => digest.startsWith(rule)));

const digest = (rule: Rule, said: unknown): string =>
  rule + sha256Hex(JSON.stringify(said)).slice(0, DIGEST_CHARACTERS);

/** jsonb writes its members in one order, whatever the order in which they were given. */
const digestOf = (rule: Rule, { facts, expressions }: Defining, form: FormRule): string =>
  digest(rule, [facts, expressions.map((text) => (text === null ? null : formOf(text, form)))]);

/**
 * The existing objects, to be compared with a manifest's. `otherDigest` is another digest that the object may have had at the source, if an
 * earlier rule could not distinguish.
 */
export type Defined = Definition & { readonly otherDigest?: string };

/** By an earlier rule, a text that now has names may have had none at the source. */
export const definitionOf = (kind: string, one: Defining, rule: Rule = '3:'): Defined =>
  rule === '3:'
    ? { kind, name: one.name, digest: digestOf(rule, one, 3) }
    : {
        kind,
        name: one.name,
        digest: digestOf(rule, one, 2),
        otherDigest: digestOf(rule, one, 3),
      };

/** A key to a table of another schema, by its statement. @param definition `FOREIGN KEY (a) REFERENCES ...` */
export const foreignKeyOf = (
  name: string,
  definition: string,
  valid: boolean,
  rule?: Rule,
): Defined =>
  definitionOf(
    'foreign key',
    {
      name,
      // Since PostgreSQL 18: the catalog marks it as not validated, and its statement does not show that.
      facts: { validated: valid && !definition.endsWith(' NOT ENFORCED') },
      expressions: [definition.replace(/ NOT VALID$/, '')],
    },
    rule,
  );

/** By kind and name. */
const readAccess = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  rule: Rule,
): Promise<ReadonlyMap<string, string>> => {
  interface Access {
    readonly kind: string;
    readonly name: string;
    readonly access: unknown;
  }
  const { rows } = await client.query<Access>(ACCESS_QUERY, [schemaOids]);
  return new Map(rows.map(({ kind, name, access }) => [`${kind} ${name}`, digest(rule, access)]));
};

/** In the order of kinds and names. The session's search_path must be empty, so that names are written in full. */
export const readDefinitions = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  rule: Rule = '3:',
): Promise<Defined[]> => {
  const reads = Object.entries(DEFINITION_QUERIES).map(
    ([kind, sql]) =>
      async (): Promise<Defined[]> =>
        (await client.query<Defining>(sql, [schemaOids])).rows.map((row) =>
          definitionOf(kind, row, rule),
        ),
  );
  const [accesses, found] = await atOnce<[ReadonlyMap<string, string>, Defined[][]]>(
    client,
    () => readAccess(client, schemaOids, rule),
    () => atOnce<Defined[][]>(client, ...reads),
  );
  return found.flat().map((one) => {
    const access = accesses.get(`${one.kind} ${one.name}`);
    return access === undefined ? one : { ...one, access };
  });
};
