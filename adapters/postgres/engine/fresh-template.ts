import { readChunks } from '../../../core/chunks.ts';
import { ContentsScanner, type TableOfContents } from '../archive/format/contents-scanner.ts';
import type { ProgramAccess } from '../programs/client-programs.ts';
import { dumpArguments, startDump } from '../programs/pg-dump.ts';
import type { Template, TemplateOf, TemplateRequest } from './template.ts';

/**
 * A template that stock pg_dump makes now, on the snapshot of the export. It runs as for a whole dump, since with --schema-only the contents
 * have no entries for rows and for values of sequences, and is ended as soon as its contents have come. Before that it has read no row.
 */
export const makeFreshTemplate =
  (access: ProgramAccess): TemplateOf =>
  async (request) => {
    const enough = new AbortController();
    const wanted = { format: 'custom', compress: '0', content: request.content } as const;
    const dump = await startDump(access, {
      ...request,
      ...wanted,
      signal: AbortSignal.any([request.signal, enough.signal]),
      onTable: () => undefined,
    });
    try {
      const contents = await contentsFrom(readChunks(dump.output));
      request.signal.throwIfAborted();
      if (contents)
        return { contents, dumpVersion: dump.version, arguments: templateArguments(request) };
    } catch (error) {
      request.signal.throwIfAborted();
      throw error;
    } finally {
      enough.abort();
      // Its session must not outlive the export that holds the locks.
      await dump.exited.catch(() => undefined);
    }
    // It ended too early, and its own error says why.
    await dump.exited;
    throw new Error('pg_dump ended without a table of contents');
  };

/** Undefined if the output ends before the contents do. @throws DumpUnreadable for what is no archive of a known version */
const contentsFrom = async (
  chunks: AsyncIterable<Buffer>,
): Promise<TableOfContents | undefined> => {
  const scanner = new ContentsScanner();
  for await (const chunk of chunks) {
    const contents = scanner.take(chunk);
    if (contents) return contents;
  }
  return undefined;
};

/** Arguments of pg_dump that a template of this request depends on. */
export const templateArguments = (
  request: Omit<TemplateRequest, 'holder' | 'signal'>,
): Template['arguments'] =>
  dumpArguments({ format: 'custom', compress: '0', content: request.content }, request).filter(
    (argument) => !argument.startsWith('--snapshot='),
  );
