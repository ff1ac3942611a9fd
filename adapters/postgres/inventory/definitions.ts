import type pg from 'pg';
import { sha256Hex } from '../../../core/ids.ts';
import type { Definition } from '../../../core/manifest.ts';
import { atOnce } from '../at-once.ts';
import { ACCESS_QUERY } from './access-query.ts';
import type { SchemaOids } from './contents.ts';
import { DEFINITION_QUERIES } from './definition-queries.ts';
import { formOf } from './expression-form.ts';

/**
 * Every object of the schemas with a digest of what it is: read in a backup's snapshot, and again where the backup came back, by
 * the same rule. It stands for what pg_dump brings back, so for neither statistics' values nor oids; owners and grants have one of their
 * own, since not every restore keeps them. Two digests can be compared where both servers are of one major: another may write an
 * expression otherwise, and know other properties.
 */
export interface Defining {
  readonly name: string;
  /** Compared as they are. */
  readonly facts: unknown;
  /** Compared by what they say: servers write some of them anew in another way. */
  readonly expressions: readonly (string | null)[];
}

/**
 * A digest begins with the rule it was made by, which grows whenever a digest may come out otherwise for what is the same: those of other
 * rules say nothing. The first, whose digests have none in front, knew the words of expressions and not their order.
 */
const RULE = '2:';
const DIGEST_CHARACTERS = 16;

/** Whether these can be compared with what this version makes. */
export const byThisRule = (definitions: readonly Definition[]): boolean =>
  definitions.every(({ digest }) => digest.startsWith(RULE));

const digest = (said: unknown): string =>
  RULE + sha256Hex(JSON.stringify(said)).slice(0, DIGEST_CHARACTERS);

/** jsonb writes its members in one order, whatever was made first. */
const digestOf = ({ facts, expressions }: Defining): string =>
  digest([facts, expressions.map((text) => (text === null ? null : formOf(text)))]);

export const definitionOf = (kind: string, one: Defining): Definition => ({
  kind,
  name: one.name,
  digest: digestOf(one),
});

/** A key to a table of another schema, by its statement. @param definition `FOREIGN KEY (a) REFERENCES ...` */
export const foreignKeyOf = (name: string, definition: string, valid: boolean): Definition =>
  definitionOf('foreign key', {
    name,
    // Since PostgreSQL 18: the catalog has it as never validated, its statement does not say so.
    facts: { validated: valid && !definition.endsWith(' NOT ENFORCED') },
    expressions: [definition.replace(/ NOT VALID$/, '')],
  });

/** By kind and name. */
const readAccess = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<ReadonlyMap<string, string>> => {
  interface Access {
    readonly kind: string;
    readonly name: string;
    readonly access: unknown;
  }
  const { rows } = await client.query<Access>(ACCESS_QUERY, [schemaOids]);
  return new Map(rows.map(({ kind, name, access }) => [`${kind} ${name}`, digest(access)]));
};

/** In the order of kinds and names. The session's search_path must be empty, so that names are written in full. */
export const readDefinitions = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<Definition[]> => {
  const reads = Object.entries(DEFINITION_QUERIES).map(
    ([kind, sql]) =>
      async (): Promise<Definition[]> =>
        (await client.query<Defining>(sql, [schemaOids])).rows.map((row) =>
          definitionOf(kind, row),
        ),
  );
  const [accesses, found] = await atOnce<[ReadonlyMap<string, string>, Definition[][]]>(
    client,
    () => readAccess(client, schemaOids),
    () => atOnce<Definition[][]>(client, ...reads),
  );
  return found.flat().map((one) => {
    const access = accesses.get(`${one.kind} ${one.name}`);
    return access === undefined ? one : { ...one, access };
  });
};
