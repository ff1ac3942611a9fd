import type { NamesLive } from '../../../core/restore.ts';
import { described, shown } from './describe-statement.ts';
import { isKey } from './function-body.ts';
import type { StatementKind } from './kinds/statement-kind.ts';
import {
  isWritingCall,
  type SchemaNames,
  schemaNames,
  wordsIn,
  writesIn,
} from './schema-names-in-text.ts';
import { isSymbol, partOf, titleOf } from './statement-parts.ts';
import type { Word } from './statement-words.ts';

/**
 * Objects of a backup that still name the live schema after a restore under another name: through string constants in expressions, bodies
 * and arguments, for which PostgreSQL records no dependency. All other references are to the restored objects. Found in the backup's
 * statements.
 */
const ROUTINES = ['function', 'procedure'];
/** Labels and options are not code. */
const NO_CODE = ['type', 'sequence', 'collation', 'text search dictionary', 'server'];

/** Constants of these types are stored as OIDs, and so refer to the restored object: `'acme.s'::regclass`. */
const BY_OID =
  /^reg(class|collation|config|dictionary|namespace|oper|operator|proc|procedure|type)$/;

/** The type of a cast directly after a constant. */
const castOf = (words: readonly Word[], at: number): string | undefined => {
  let next = at + 1;
  if (isSymbol(words[next], '::')) next += 1;
  else if (isSymbol(words[next], ':') && isSymbol(words[next + 1], ':')) next += 2;
  else return undefined;
  const [type, dot, last] = words.slice(next, next + 3);
  const named = isSymbol(dot, '.') ? last : type;
  return named?.kind === 'name' ? named.text : undefined;
};

const isText = ({ kind }: Word): boolean => kind === 'string' || kind === 'opaque';

/** Where a routine's body begins; it ends with the statement. */
const bodyAt = (words: readonly Word[]): number => {
  const at = words.findIndex((word, index) => {
    const next = words[index + 1];
    return isKey(word, 'as') && next !== undefined && isText(next);
  });
  return at < 0 ? words.length : at + 1;
};

interface Routine {
  /** As `shown`. */
  readonly key: string;
  readonly name: string;
  writes: boolean;
  readonly words: ReadonlySet<string>;
}

interface Found {
  readonly what: string;
  readonly writes: boolean;
  /** The backup's own routines that it calls, as `shown`. */
  readonly calls: ReadonlySet<string>;
  readonly routine?: string;
}

const WRITING_KEYS = ['insert', 'update', 'delete', 'merge'];

/** True if the statement's own expressions or actions write, apart from the SQL in its strings. */
const writesItself = (statement: StatementKind, words: readonly Word[]): boolean => {
  if (words.some((word) => word.kind === 'name' && isWritingCall(word.text))) return true;
  if (statement.kind !== 'create') return false;
  const from =
    statement.what === 'rule'
      ? words.findIndex((word) => isKey(word, 'do'))
      : ROUTINES.includes(statement.what)
        ? words.findIndex((word) => isKey(word, 'atomic'))
        : -1;
  return (
    from >= 0 && words.slice(from).some((word) => WRITING_KEYS.some((key) => isKey(word, key)))
  );
};

const callsIn = (words: readonly Word[]): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const [at, dot] of words.entries()) {
    const [before, after] = [words[at - 1], words[at + 1]];
    if (isSymbol(dot, '.') && before?.kind === 'name' && after?.kind === 'name')
      found.add(shown({ schema: before.text, name: after.text }));
  }
  return found;
};

/** Collects these objects from a backup's statements, one by one. */
export class NamingLive {
  readonly #names: SchemaNames;
  readonly #routines: Routine[] = [];
  readonly #found: Found[] = [];

  /** @param schemas those that are restored under another name */
  constructor(schemas: readonly string[]) {
    this.#names = schemaNames(schemas);
  }

  /** @param words all words of the statement @param routine how a function is listed; if absent, by its name */
  take(statement: StatementKind, words: readonly Word[], routine?: string): void {
    if (statement.kind !== 'create' && statement.kind !== 'alter') return;
    if (NO_CODE.includes(statement.what)) return;
    if (statement.kind === 'create' && ROUTINES.includes(statement.what)) {
      this.#takeRoutine(statement, words, routine);
      return;
    }
    for (const [at, word] of words.entries()) {
      if (!this.#isNaming(words, at)) continue;
      const [from, to] = partOf(statement, words, at);
      const part = words.slice(from, to);
      this.#add({
        what: titleOf(statement, words, from, at),
        writes: writesItself(statement, part) || writesIn(word.text),
        calls: callsIn(part),
      });
    }
  }

  #isNaming(words: readonly Word[], at: number): boolean {
    const word = words[at];
    if (!word || !isText(word) || !this.#names.inString(word.text)) return false;
    return !BY_OID.test(castOf(words, at) ?? '');
  }

  #add(found: Found): void {
    const known = this.#found.find(({ what }) => what === found.what);
    if (!known) this.#found.push(found);
    else if (found.writes && !known.writes)
      this.#found[this.#found.indexOf(known)] = { ...known, writes: true };
  }

  #takeRoutine(
    statement: Extract<StatementKind, { readonly kind: 'create' }>,
    words: readonly Word[],
    routine?: string,
  ): void {
    const body = bodyAt(words);
    const language = words.findIndex((word) => isKey(word, 'language'));
    const isCode = !/^(c|internal)$/.test(words[language + 1]?.text ?? '');
    const text = isCode
      ? words
          .slice(body)
          .flatMap((word) => (isText(word) ? [word.text] : []))
          .join('\n')
      : '';
    const writes = writesIn(text) || writesItself(statement, words.slice(0, body));
    const key = shown(statement);
    this.#routines.push({ key, name: statement.name.toLowerCase(), writes, words: wordsIn(text) });
    const isNamed =
      words.slice(0, body).some((_, at) => this.#isNaming(words, at)) || this.#names.inBody(text);
    if (!isNamed) return;
    const what =
      routine === undefined ? described(statement, words) : `${statement.what} ${routine}`;
    this.#found.push({
      what,
      writes,
      calls: new Set([key, ...callsIn(words.slice(0, body))]),
      routine: routine ?? `${statement.schema}.${statement.name}`,
    });
  }

  /** A function also writes if it calls one that writes. */
  #writing(): ReadonlySet<string> {
    for (let changed = true; changed; ) {
      changed = false;
      const names = this.#routines.flatMap(({ writes, name }) => (writes ? [name] : []));
      for (const one of this.#routines) {
        if (one.writes || !names.some((name) => one.words.has(name))) continue;
        one.writes = true;
        changed = true;
      }
    }
    return new Set(this.#routines.flatMap(({ writes, key }) => (writes ? [key] : [])));
  }

  list(): readonly NamesLive[] {
    if (!this.#found.length) return [];
    const writing = this.#writing();
    return this.#found.map(({ what, writes, calls }) => ({
      what,
      writes: writes || [...calls].some((call) => writing.has(call)),
    }));
  }

  /** Functions and procedures among them. */
  routines(): readonly string[] {
    return this.#found.flatMap(({ routine }) => routine ?? []);
  }
}
