import type pg from 'pg';
import { releaseMemory } from '../../../core/chunks.ts';
import { CopyOut } from './copy-out.ts';

/**
 * `COPY ... TO STDOUT` of large tables. The server sends each row as a message of its own (CopyData), and the driver would make an object of
 * each. Here the bytes of these messages are taken off the connection before the driver sees them, and collected in large pieces; the driver
 * gets all other messages as they are. https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
const COPY_DATA = 0x64;
/** A message's type, and its length without the type. */
const HEADER_BYTES = 5;

export interface CopySink {
  /** Bytes of a buffer that is used again after the call. */
  write(from: Buffer, start: number, end: number): void;
}

/** Takes CopyData messages out of the server's bytes. */
export class CopyFilter {
  readonly #sink: CopySink;
  readonly #pass: (bytes: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  /** Bytes of a header that a chunk ended in. */
  #held = 0;
  /** Bytes of the message that are still to come. */
  #left = 0;
  #isRows = false;

  /** @param pass gets all bytes of other messages */
  constructor(sink: CopySink, pass: (bytes: Buffer) => void) {
    this.#sink = sink;
    this.#pass = pass;
  }

  /** True between two messages. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#held === 0;
  }

  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#left > 0 ? this.#body(chunk, at) : this.#begin(chunk, at);
  }

  #body(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    if (this.#isRows) this.#sink.write(chunk, at, end);
    else this.#pass(chunk.subarray(at, end));
    return end;
  }

  #begin(chunk: Buffer, at: number): number {
    if (this.#held === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#open(chunk, at);
      return at + HEADER_BYTES;
    }
    const copied = chunk.copy(this.#header, this.#held, at, at + HEADER_BYTES - this.#held);
    this.#held += copied;
    if (this.#held === HEADER_BYTES) {
      this.#held = 0;
      this.#open(this.#header, 0);
    }
    return at + copied;
  }

  #open(bytes: Buffer, at: number): void {
    this.#isRows = bytes[at] === COPY_DATA;
    // The length counts itself.
    this.#left = bytes.readUInt32BE(at + 1) - 4;
    if (!this.#isRows) this.#pass(Buffer.from(bytes.subarray(at, at + HEADER_BYTES)));
  }
}

/** Of the first piece of a table, which most tables fill not even once, and of the later ones. */
const FIRST_BYTES = 16 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Full pieces that wait, before reading from the server pauses. */
const MOST_WAITING = 4;

/** Collects rows in pieces, and stops the connection while too many wait. */
class Pieces implements CopySink {
  readonly waiting: Buffer[] = [];
  readonly #pause: () => void;
  wake: () => void = () => undefined;
  #bytes = FIRST_BYTES;
  #piece: Buffer | undefined;
  #filled = 0;

  constructor(pause: () => void) {
    this.#pause = pause;
  }

  write(from: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      this.#piece ??= Buffer.allocUnsafeSlow(this.#bytes);
      const copied = from.copy(this.#piece, this.#filled, at, end);
      this.#filled += copied;
      at += copied;
      if (this.#filled === this.#bytes) this.flush();
    }
  }

  flush(): void {
    if (!this.#piece || this.#filled === 0) return;
    this.waiting.push(this.#piece.subarray(0, this.#filled));
    this.#piece = undefined;
    this.#filled = 0;
    this.#bytes = PIECE_BYTES;
    if (this.waiting.length >= MOST_WAITING) this.#pause();
    this.wake();
  }
}

type Listener = (bytes: Buffer) => void;

/**
 * The text of a `COPY ... TO STDOUT`, in pieces with memory of their own, of a session that runs nothing else meanwhile. At most some 1.5 MiB
 * wait, however slowly they are read. Whoever stops reading before the end loses the session.
 *
 * @param onEnd gets the number of rows that the server says it has sent
 * @throws the driver's errors
 */
export async function* copyText(
  client: pg.Client,
  sql: string,
  onEnd: (rows: number) => void,
): AsyncGenerator<Buffer> {
  const { stream } = client.connection;
  const drivers = stream.listeners('data') as Listener[];
  const pieces = new Pieces(() => stream.pause());
  let isPassedOn = false;
  const filter = new CopyFilter(pieces, (bytes) => {
    isPassedOn = true;
    for (const listener of drivers) listener.call(stream, bytes);
  });
  const take = (chunk: Buffer): void => {
    isPassedOn = false;
    filter.take(chunk);
    // The rows were copied. The driver may keep what it got.
    if (!isPassedOn) releaseMemory(chunk);
  };
  const outcome: { end?: { readonly error?: Error; readonly rows: number | null } } = {};
  stream.removeAllListeners('data').on('data', take);
  const query = new CopyOut(
    sql,
    () => undefined,
    (error, result) => {
      outcome.end = { ...(error && { error }), rows: result?.rowCount ?? null };
      pieces.flush();
      pieces.wake();
    },
  );
  client.query(query);
  try {
    for (;;) {
      const piece = pieces.waiting.shift();
      if (piece) {
        if (stream.isPaused()) stream.resume();
        yield piece;
      } else if (outcome.end) {
        break;
      } else {
        await new Promise<void>((resolve) => {
          pieces.wake = resolve;
        });
      }
    }
  } finally {
    stream.off('data', take);
    for (const listener of drivers) stream.on('data', listener);
    // Its rows would go to the driver, one by one.
    if (!outcome.end) stream.destroy();
  }
  const { error, rows = null } = outcome.end ?? {};
  if (error) throw error;
  if (rows === null) throw new Error('the server did not say how many rows it copied');
  onEnd(rows);
}
