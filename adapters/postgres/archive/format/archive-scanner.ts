import { type BlockPart, BlockScanner } from './block-scanner.ts';
import { ContentsScanner, type TableOfContents } from './contents-scanner.ts';

/** A custom archive from its first to its last byte. */
export type ArchivePart =
  | { readonly kind: 'contents'; readonly at: number; readonly contents: TableOfContents }
  | BlockPart;

/**
 * Reads a custom archive while its chunks pass by, and checks whether it is complete. It keeps the table of contents and, at most, the
 * bytes of one unfinished entry: memory does not grow with the rows.
 */
export class ArchiveScanner {
  readonly #contents = new ContentsScanner();
  #blocks: BlockScanner | undefined;

  /**
   * The parts that are complete now.
   * @throws DumpUnreadable if the bytes are not a valid custom archive
   */
  take(chunk: Buffer): readonly ArchivePart[] {
    if (this.#blocks) return this.#blocks.take(chunk);
    const contents = this.#contents.take(chunk);
    return contents ? this.#begin(contents) : [];
  }

  /**
   * Called after the last byte.
   * @throws DumpUnreadable if the archive is cut off
   */
  end(): readonly ArchivePart[] {
    const parts = this.#blocks ? [] : this.#begin(this.#contents.end());
    this.#blocks?.end();
    return parts;
  }

  #begin(contents: TableOfContents): readonly ArchivePart[] {
    const { header, entries } = contents;
    if (header.format !== 'custom') {
      throw this.#contents.unreadable('its format is tar, but it is not in a tar archive');
    }
    this.#blocks = new BlockScanner(header, entries, this.#contents.place);
    const parts = this.#blocks.take(this.#contents.takeRest());
    return [{ kind: 'contents', at: 0, contents }, ...parts];
  }
}

/**
 * The parts of an archive, as its chunks arrive.
 * @throws DumpUnreadable, and what the chunks throw
 */
export async function* readArchive(chunks: AsyncIterable<Buffer>): AsyncGenerator<ArchivePart> {
  const scanner = new ArchiveScanner();
  for await (const chunk of chunks) yield* scanner.take(chunk);
  yield* scanner.end();
}
