import { isKey } from '../function-body.ts';
import type { Word } from '../statement-words.ts';

/** A name as in a statement; `schema` is null if it is not qualified. pg_dump qualifies every name that can be. */
export interface Name {
  readonly schema: string | null;
  readonly name: string;
}

/** Reads a statement's words in order. If a method does not find what it looks for, the position does not change. */
export class Cursor {
  readonly #words: readonly Word[];
  #at = 0;

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  get ended(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next word, or a later one. */
  peek(ahead = 0): Word | undefined {
    return this.#words[this.#at + ahead];
  }

  /** Starts again from the first word. */
  restart(): this {
    this.#at = 0;
    return this;
  }

  /** Reads key words, such as `on domain`, if all of them come next. */
  keys(keys: string): boolean {
    const wanted = keys.split(' ');
    if (!wanted.every((key, ahead) => isKey(this.peek(ahead), key))) return false;
    this.#at += wanted.length;
    return true;
  }

  /** Reads the first of several choices that comes next. */
  anyKeys<T extends string>(choices: readonly T[]): T | undefined {
    return choices.find((keys) => this.keys(keys));
  }

  symbol(text: string): boolean {
    const word = this.peek();
    if (word?.kind !== 'symbol' || word.text !== text) return false;
    this.#at += 1;
    return true;
  }

  /** Reads a word of one kind and returns its text. */
  text(kind: Word['kind']): string | undefined {
    const word = this.peek();
    if (word?.kind !== kind) return undefined;
    this.#at += 1;
    return word.text;
  }

  name(): string | undefined {
    return this.text('name');
  }

  /** `name` or `schema.name`; the last part may be an operator. A name of three parts does not match. */
  qualified(): Name | undefined {
    const before = this.#at;
    const first = this.name();
    if (first === undefined) {
      const operator = this.#operator();
      return operator === undefined ? undefined : { schema: null, name: operator };
    }
    if (!this.symbol('.')) return { schema: null, name: first };
    const second = this.name() ?? this.#operator();
    if (second !== undefined && !this.symbol('.')) return { schema: first, name: second };
    this.#at = before;
    return undefined;
  }

  /** Reads names in brackets, at least one. */
  names(): string[] | undefined {
    const before = this.#at;
    const names: string[] = [];
    for (let open = this.symbol('('); open; open = this.symbol(',')) {
      const name = this.name();
      if (name === undefined) break;
      names.push(name);
      if (this.symbol(')')) return names;
    }
    this.#at = before;
    return undefined;
  }

  /** Reads everything in the brackets that open next, inner brackets included. False if none open. */
  brackets(): boolean {
    const before = this.#at;
    if (!this.symbol('(')) return false;
    for (let depth = 1; depth > 0; this.#at += 1) {
      const word = this.peek();
      if (!word) {
        this.#at = before;
        return false;
      }
      if (word.kind !== 'symbol') continue;
      if (word.text === '(') depth += 1;
      else if (word.text === ')') depth -= 1;
    }
    return true;
  }

  /** Reads a word, or brackets with their content. */
  skip(): void {
    if (!this.brackets()) this.#at += 1;
  }

  /** Skips to a key word outside of brackets, and reads it. */
  skipTo(...keys: readonly string[]): string | undefined {
    while (!this.ended) {
      const found = this.anyKeys(keys);
      if (found !== undefined) return found;
      this.skip();
    }
    return undefined;
  }

  #operator(): string | undefined {
    const word = this.peek();
    return word?.kind === 'symbol' && /^[~!@#^&|`?+\-*/%<>=]+$/.test(word.text)
      ? this.text('symbol')
      : undefined;
  }
}
