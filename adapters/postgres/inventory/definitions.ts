import type pg from 'pg';
import { sha256Hex } from '../../../core/ids.ts';
import type { Definition } from '../../../core/manifest.ts';
import type { SchemaOids } from './contents.ts';
import { DEFINITION_QUERIES } from './definition-queries.ts';
import { formOf } from './expression-form.ts';

/**
 * Every object of the schemas with a digest of what it is: read in a backup's snapshot, and again where the backup came back, by
 * the same words. It stands for what pg_dump brings back, so for neither owners nor grants, statistics' values or oids. Two digests can
 * be compared where both servers are of one major: another may write an expression otherwise, and know other properties.
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

/** jsonb writes its members in one order, whatever was made first. */
const digestOf = ({ facts, expressions }: Defining): string => {
  const said = expressions.map((text) => (text === null ? null : formOf(text)));
  return RULE + sha256Hex(JSON.stringify([facts, said])).slice(0, DIGEST_CHARACTERS);
};

export const definitionOf = (kind: string, one: Defining): Definition => ({
  kind,
  name: one.name,
  digest: digestOf(one),
});

/** A key to a table of another schema, by its statement. @param definition `FOREIGN KEY (a) REFERENCES ...` */
export const foreignKeyOf = (name: string, definition: string, valid: boolean): Definition =>
  definitionOf('foreign key', {
    name,
    facts: { validated: valid },
    expressions: [definition.replace(/ NOT VALID$/, '')],
  });

/** In the order of kinds and names. The session's search_path must be empty, so that names are written in full. */
export const readDefinitions = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<Definition[]> => {
  const found: Definition[] = [];
  for (const [kind, sql] of Object.entries(DEFINITION_QUERIES)) {
    const { rows } = await client.query<Defining>(sql, [schemaOids]);
    found.push(...rows.map((row) => definitionOf(kind, row)));
  }
  return found;
};
