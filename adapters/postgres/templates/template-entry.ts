import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as z from 'zod';
import { TEMPLATES } from '../../../core/contract.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { decodeTemplate, encodeTemplate, type Template } from '../engine/template.ts';

/** A kept template with what it is true of: a line of JSON, and the template, compressed. */
export interface KeptEntry {
  /** Digest of everything that its contents depend on. */
  readonly key: string;
  /** ISO 8601. */
  readonly madeAt: string;
  /** Not used any more from then on, ISO 8601. */
  readonly endsAt: string;
  /** The server's next transaction when it was made. A server that is behind that was set back, and gives the same numbers out again. */
  readonly nextTransaction: string;
  readonly template: Template;
}

const head = z.object({
  version: z.literal(1),
  key: z.string(),
  madeAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  nextTransaction: z.string().regex(/^\d{1,20}$/),
});

const NEWLINE = 0x0a;
/** A template has some ten times as many bytes as its compressed form; this is far more. */
const MOST_BYTES = 40 * TEMPLATES.mostBytes;

export const encodeEntry = ({ template, ...facts }: KeptEntry): Buffer =>
  Buffer.concat([
    Buffer.from(`${JSON.stringify({ version: 1, ...facts } satisfies z.infer<typeof head>)}\n`),
    zstdCompressSync(encodeTemplate(template)),
  ]);

/** Undefined for what cannot be read, such as an entry of a later version. */
export const decodeEntry = (bytes: Buffer): KeptEntry | undefined => {
  const end = bytes.indexOf(NEWLINE);
  try {
    const { version: _, ...facts } = head.parse(
      JSON.parse(bytes.subarray(0, Math.max(0, end)).toString('utf8')),
    );
    const plain = zstdDecompressSync(bytes.subarray(end + 1), { maxOutputLength: MOST_BYTES });
    return { ...facts, template: decodeTemplate(plain) };
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
};

const isUnreadable = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  error instanceof z.ZodError ||
  error instanceof DumpUnreadable ||
  // Of zlib: ZSTD_error_prefix_unknown, Z_BUF_ERROR and so on.
  (error instanceof Error &&
    'code' in error &&
    (/^Z(STD)?_/.test(String(error.code)) || error.code === 'ERR_BUFFER_TOO_LARGE'));
