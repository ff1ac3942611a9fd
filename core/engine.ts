/** Programs that can write a backup's archive: stock pg_dump, or Larder's own engine. */
export const ENGINES = ['pg_dump', 'larder'] as const;
export type Engine = (typeof ENGINES)[number];

/**
 * Why pg_dump wrote an archive although the engine is configured: the format or the content is none that the engine writes, the database
 * has no encoding (SQL_ASCII), the archive's version is unknown, or it has entries with data that are no rows of the schema's own tables.
 */
export type StockReason =
  | { readonly kind: 'format' | 'content' | 'encoding' }
  | { readonly kind: 'archive-version'; readonly problem: string }
  | { readonly kind: 'entry'; readonly entry: string };

/** How a table's rows are in an archive. */
export interface CopiedTable {
  readonly rows: number;
  /** SHA-256 of COPY's text of the rows, hex; and the bytes of the text. */
  readonly sha256: string;
  readonly bytes: number;
  /** The table's block: its first byte in the archive, and its length. */
  readonly at: number;
  readonly length: number;
}

/** The first bytes of an archive, up to its first row: bytes, and their SHA-256 in hex. */
export interface ArchiveContents {
  readonly bytes: number;
  readonly sha256: string;
}
