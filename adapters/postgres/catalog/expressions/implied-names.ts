import { isCast, isGroup, type Part } from './parts.ts';
import { columnNameOf } from './type-names.ts';

/**
 * The name of a column without a given name that is neither a column nor a call: that of its type, or that of a subquery's first column. As
 * FigureColname does it: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/parser/parse_target.c
 */
interface Figured {
  readonly name: string;
  /** A cast or a CASE around it does not change its name. */
  readonly strong: boolean;
}

const BEFORE_TARGET: readonly (Part | undefined)[] = ['SELECT', 'DISTINCT', 'ALL', ','];
const AFTER_TARGET: readonly (Part | undefined)[] = [
  ',',
  ...[
    'FROM',
    'WHERE',
    'GROUP',
    'HAVING',
    'UNION',
    'INTERSECT',
    'EXCEPT',
    'ORDER',
    'LIMIT',
    'OFFSET',
  ],
];

const firstTarget = (select: readonly Part[]): readonly Part[] => {
  const from = BEFORE_TARGET.includes(select[1]) ? 2 : 1;
  const length = select.slice(from).findIndex((part) => AFTER_TARGET.includes(part));
  return select.slice(from, length < 0 ? undefined : from + length);
};

/** What follows the ELSE of a CASE, which may contain others. */
const elseOf = (parts: readonly Part[]): readonly Part[] => {
  let depth = 0;
  const at = parts.findIndex((part) => {
    if (part === 'CASE') depth += 1;
    if (part === 'END') depth -= 1;
    return part === 'ELSE' && depth === 1;
  });
  return at < 0 ? [] : parts.slice(at + 1, -1);
};

const figure = (parts: readonly Part[]): Figured | undefined => {
  const [first] = parts;
  const last = parts.at(-1);
  if (first === 'SELECT') {
    const column = figure(firstTarget(parts));
    return column && { name: column.name, strong: true };
  }
  if (first === 'CASE') {
    const other = figure(elseOf(parts));
    return other?.strong ? other : { name: 'case', strong: false };
  }
  const collation = parts.indexOf('COLLATE');
  if (collation > 0) return figure(parts.slice(0, collation));
  if (parts.length > 1) return isGroup(last, '[') ? figure(parts.slice(0, -1)) : undefined;
  if (isGroup(first, '(')) return figure(first.items);
  if (!isCast(first)) return undefined;
  const inside = figure(first.of);
  return inside?.strong ? inside : { name: columnNameOf(first.to), strong: false };
};

/** @param before the part of a list of columns that was read, up to an AS */
export const impliedName = (before: readonly Part[]): string | undefined => {
  const from = before.findLastIndex((part) => BEFORE_TARGET.includes(part));
  return figure(before.slice(from + 1))?.name;
};
