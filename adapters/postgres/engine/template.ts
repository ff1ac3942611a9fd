import type pg from 'pg';
import * as z from 'zod';
import type { Content } from '../../../core/backup.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { ContentsScanner, type TableOfContents } from '../archive/format/contents-scanner.ts';
import { encodeContents } from '../archive/format/write.ts';
import type { DumpContext } from '../programs/pg-dump.ts';

/**
 * What stock pg_dump wrote before the first row of an archive of format custom: its header, and its entries with their SQL, their order and
 * their dependencies. The engine writes these again with rows that it reads itself. They stay true as long as the schema's definitions do,
 * except for the values of sequences and the places of rows, which the engine writes anew.
 */
export interface Template {
  /** Of archive version 1.14, 1.15 or 1.16; format custom. */
  readonly contents: TableOfContents;
  /** pg_dump's own version, such as `17.11`. */
  readonly dumpVersion: string;
  /** pg_dump's arguments that the contents depend on: without the connection and the snapshot. */
  readonly arguments: readonly string[];
}

/** Contents of definitions alone have no entries for rows. */
export type TemplateContent = Exclude<Content, 'schema'>;

export interface TemplateRequest extends DumpContext {
  readonly content: TemplateContent;
  /** The session that holds the locks and the snapshot `snapshotId`. It may be read from; it is in a transaction, and pipelined. */
  readonly holder: pg.Client;
  readonly signal: AbortSignal;
}

/**
 * The template of schemas whose tables are locked.
 * @throws DumpUnreadable for an archive of a version that is not known, and the named errors of a dump
 */
export type TemplateOf = (request: TemplateRequest) => Promise<Template>;

const head = z.object({ dumpVersion: z.string(), arguments: z.array(z.string()) });
const NEWLINE = 0x0a;

/** A line of JSON, and the contents as an archive has them. */
export const encodeTemplate = ({ contents, ...facts }: Template): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify(facts)}\n`), encodeContents(contents)]);

/** Reads what `encodeTemplate` wrote. @throws DumpUnreadable for anything else */
export const decodeTemplate = (bytes: Buffer): Template => {
  const end = bytes.indexOf(NEWLINE);
  const facts = head.safeParse(parseLine(bytes.subarray(0, Math.max(0, end)).toString('utf8')));
  if (!facts.success) throw new DumpUnreadable('a template', 'its first line is not one');
  const scanner = new ContentsScanner();
  // The scanner keeps views of the bytes.
  const contents = scanner.take(Buffer.from(bytes.subarray(end + 1))) ?? scanner.end();
  return { ...facts.data, contents };
};

const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};
