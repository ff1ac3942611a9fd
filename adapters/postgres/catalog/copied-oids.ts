import type pg from 'pg';
import { copyOut } from '../session/copy-out.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * Oids in one column of a table, read without a query: see counting-methods.ts. In COPY's binary format a value of type `regclass` and the
 * like is its oid, whatever object has that oid. https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; arrays as
 * array_send in PostgreSQL's arrayfuncs.c writes them.
 */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, and the length of the extension of the header. */
const HEADER_BYTES = SIGNATURE.length + 8;
const OID_BYTES = 4;
const NULL_LENGTH = -1;

const withoutHeader = (piece: Buffer): Buffer =>
  piece.subarray(0, SIGNATURE.length).equals(SIGNATURE)
    ? piece.subarray(HEADER_BYTES + piece.readUInt32BE(HEADER_BYTES - 4))
    : piece;

/** The one value of a row; undefined for NULL and for the trailer. */
const fieldOf = (piece: Buffer): Buffer | undefined => {
  const tuple = withoutHeader(piece);
  if (tuple.length < 6 || tuple.readInt16BE(0) !== 1) return undefined;
  const length = tuple.readInt32BE(2);
  return length === NULL_LENGTH ? undefined : tuple.subarray(6, 6 + length);
};

/**
 * Number of dimensions, whether there are NULLs, the type of the elements; two numbers for each dimension; then each element after its
 * length.
 */
function* elementsOf(value: Buffer): Generator<number> {
  let at = 12 + 8 * value.readInt32BE(0);
  while (at < value.length) {
    const length = value.readInt32BE(at);
    at += 4;
    if (length !== OID_BYTES) continue;
    yield value.readUInt32BE(at);
    at += OID_BYTES;
  }
}

interface OidColumn {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
  /** The column's values are arrays. */
  readonly array: boolean;
}

/** Different oids, at most `most`. */
export const readCopiedOids = async (
  client: pg.Client,
  { schema, name, column, array }: OidColumn,
  most: number,
): Promise<string[]> => {
  const found = new Set<number>();
  const add = (oid: number): void => {
    if (found.size < most) found.add(oid);
  };
  const sql = `COPY ${qualified(schema, name)} (${identifier(column)}) TO STDOUT (FORMAT binary)`;
  await copyOut(client, sql, (piece) => {
    const value = fieldOf(piece);
    if (value === undefined) return;
    if (array) for (const oid of elementsOf(value)) add(oid);
    else add(value.readUInt32BE(0));
  });
  return [...found].map(String);
};
