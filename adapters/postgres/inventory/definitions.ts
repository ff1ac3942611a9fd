import type pg from 'pg';
import { sha256Hex } from '../../../core/ids.ts';
import type { Definition } from '../../../core/manifest.ts';
import type { SchemaOids } from './contents.ts';
import { DEFINITION_QUERIES } from './definition-queries.ts';
import { wordsOf } from './expression-words.ts';

/**
 * Every object of the schemas with a digest of what it is: read in a backup's snapshot, and again where the backup came back, by
 * the same words. It stands for what pg_dump brings back, so for neither owners nor grants, statistics' values or oids. Two digests can
 * be compared where both servers are of one major: another may write an expression otherwise, and know other properties.
 */
export interface Defining {
  readonly name: string;
  /** Compared as they are. */
  readonly facts: unknown;
  /** Compared by their words. */
  readonly expressions: readonly (string | null)[];
}

const DIGEST_CHARACTERS = 16;

/** jsonb writes its members in one order, whatever was made first. */
const digestOf = ({ facts, expressions }: Defining): string =>
  sha256Hex(
    JSON.stringify([facts, expressions.map((text) => (text === null ? null : wordsOf(text)))]),
  ).slice(0, DIGEST_CHARACTERS);

export const definitionOf = (kind: string, one: Defining): Definition => ({
  kind,
  name: one.name,
  digest: digestOf(one),
});

/** A key to a table of another schema, by the words of its statement. @param definition `FOREIGN KEY (a) REFERENCES ...` */
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
