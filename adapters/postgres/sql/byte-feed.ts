/**
 * The bytes of a stream that are not yet used, all in one buffer. Bytes that were handed out are never
 * overwritten: a buffer grows only after its end, or into a new one.
 */
const LARGE = 64 * 1024;

export class Feed {
  readonly #input: AsyncIterator<Buffer>;
  #room: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #view: Buffer = this.#room;
  #used = 0;
  #final = false;

  constructor(input: AsyncIterable<Buffer>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** Bytes that were read and not yet used. */
  get bytes(): Buffer {
    return this.#view;
  }

  /** True once no byte follows `bytes`. */
  get final(): boolean {
    return this.#final;
  }

  /** Number of bytes of the stream that were used. */
  get used(): number {
    return this.#used;
  }

  /** Removes the first bytes. */
  use(bytes: number): void {
    this.#from += bytes;
    this.#used += bytes;
    this.#view = this.#room.subarray(this.#from, this.#to);
  }

  /**
   * Reads on. The more bytes are waiting, the more it reads: the caller scans them again from their beginning
   * after each reading, and its time must not grow with the square of their length.
   * @returns false at the end of the stream, if no byte came
   */
  async more(): Promise<boolean> {
    const waiting = this.#to - this.#from;
    const wanted = waiting < LARGE ? 1 : waiting >> 1;
    let came = 0;
    while (came < wanted && !this.#final) {
      const next = await this.#input.next();
      if (next.done) this.#final = true;
      else {
        this.#append(next.value);
        came += next.value.length;
      }
    }
    return came > 0;
  }

  /** Closes the stream. */
  async close(): Promise<void> {
    await this.#input.return?.();
  }

  #append(chunk: Buffer): void {
    const waiting = this.#to - this.#from;
    if (waiting === 0) {
      this.#room = chunk;
      this.#from = 0;
      this.#to = chunk.length;
    } else {
      if (this.#to + chunk.length > this.#room.length) this.#grow(waiting + chunk.length);
      this.#to += chunk.copy(this.#room, this.#to);
    }
    this.#view = this.#room.subarray(this.#from, this.#to);
  }

  #grow(bytes: number): void {
    const room = Buffer.allocUnsafe(bytes * 2);
    this.#to = this.#view.copy(room);
    this.#from = 0;
    this.#room = room;
  }
}
