import { isKey } from '../function-body.ts';
import type { Word } from '../statement-words.ts';

/** A name as a statement has it; `schema` is null where it is not qualified. pg_dump qualifies every name that can be. */
export interface Name {
  readonly schema: string | null;
  readonly name: string;
}

/** Goes through a statement's words. What it is asked for and does not find, it leaves where it is. */
export class Cursor {
  readonly #words: readonly Word[];
  #at = 0;

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  get ended(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The word that comes next, or one after it. */
  peek(ahead = 0): Word | undefined {
    return this.#words[this.#at + ahead];
  }

  /** Starts again from the first word. */
  restart(): this {
    this.#at = 0;
    return this;
  }

  /** Takes key words, such as `on domain`, if all of them come next. */
  keys(keys: string): boolean {
    const wanted = keys.split(' ');
    if (!wanted.every((key, ahead) => isKey(this.peek(ahead), key))) return false;
    this.#at += wanted.length;
    return true;
  }

  /** Takes the first of several that comes next. */
  anyKeys<T extends string>(choices: readonly T[]): T | undefined {
    return choices.find((keys) => this.keys(keys));
  }

  symbol(text: string): boolean {
    const word = this.peek();
    if (word?.kind !== 'symbol' || word.text !== text) return false;
    this.#at += 1;
    return true;
  }

  /** Takes a word of one kind and gives its text. */
  text(kind: Word['kind']): string | undefined {
    const word = this.peek();
    if (word?.kind !== kind) return undefined;
    this.#at += 1;
    return word.text;
  }

  name(): string | undefined {
    return this.text('name');
  }

  /** `name` or `schema.name`; the last part may be an operator. A name of three parts is none. */
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

  /** Takes names in brackets, at least one. */
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

  /** Takes everything in the brackets that open next, those within them too. False if none open. */
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

  /** Takes a word, or brackets with what is in them. */
  skip(): void {
    if (!this.brackets()) this.#at += 1;
  }

  /** Skips to a key word outside of brackets, and takes it. */
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
