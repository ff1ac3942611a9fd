/** Lines about differences: 50 are kept, all are counted. One extra or missing schema may mean thousands. */
const KEPT = 50;

export class Differences {
  readonly #lines: string[] = [];
  #count = 0;

  add(line: string): void {
    this.#count += 1;
    if (this.#lines.length < KEPT) this.#lines.push(line);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get count(): number {
    return this.#count;
  }
}
