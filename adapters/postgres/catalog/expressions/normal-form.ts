import { type Brackets, bracketsOf, type Written } from './brackets.ts';
import { impliedName } from './implied-names.ts';
import { type Group, isGroup, type Part } from './parts.ts';
import { typeAt } from './type-names.ts';

/**
 * What an expression says, in one form for all the ways in which servers write it. What pg_dump wrote is read by a server and written
 * back by it, and the second text need not be the first. Four things change, and nothing else does (tried on all that the tests have, and on
 * the views of PostgreSQL's own regression tests):
 *
 * - A cast of an array goes to its elements: `(ARRAY['a'::varchar])::text[]` comes back as `ARRAY[('a'::varchar)::text]`. In an element it
 *   goes below a collation.
 * - AND within AND loses its brackets where it comes first, and so does OR: `x BETWEEN 1 AND 2 AND y` is written
 *   `(((x >= 1) AND (x <= 2)) AND y)`, and comes back as `((x >= 1) AND (x <= 2) AND y)`.
 *
 * - A column that nobody can name, in a subquery or behind UNION, has its name written unless that is `?column?`: `EXISTS (SELECT NULL)` is written
 *   `SELECT NULL::text`, which is a column named `text` for who reads it, and comes back as `SELECT NULL::text AS text`. A column that can be
 *   named always has its name written, whatever it is.
 * - A join of tables without a column in common, `NATURAL JOIN`, is written `ON TRUE`, and comes back as `ON (true)`.
 *
 * All else stays in its order and within its brackets: `(a - b) - c` is not `a - (b - c)`.
 */

/** Of the digests that are made of it: before the third, names and collations were left as they are written. */
export type FormRule = 2 | 3;

/** What a cast that follows is of: the brackets around it belong to the cast. */
const takeOperand = (parts: Part[]): readonly Part[] => {
  const last = parts.pop();
  if (last === undefined) return [];
  const before = parts.at(-1);
  if (before === 'ROW' || (before === 'ARRAY' && isGroup(last, '['))) {
    parts.pop();
    return [before, last];
  }
  return isGroup(last, '(') ? last.items : [last];
};

const elementsOf = (items: readonly Part[]): readonly (readonly Part[])[] => {
  const elements: Part[][] = [[]];
  for (const item of items) {
    if (item === ',') elements.push([]);
    else elements.at(-1)?.push(item);
  }
  return elements;
};

/** A cast goes below the collation of what is cast. */
const castElement = (to: string, element: readonly Part[], rule: FormRule): readonly Part[] => {
  const [only, more] = element;
  const at = isGroup(only, '(') ? only.items.indexOf('COLLATE') : -1;
  if (rule < 3 || more !== undefined || !isGroup(only, '(') || at < 1)
    return castTo(to, element, rule);
  const items = [...castTo(to, only.items.slice(0, at), rule), ...only.items.slice(at)];
  return [{ open: '(', items }];
};

const castTo = (to: string, of: readonly Part[], rule: FormRule): readonly Part[] => {
  const [word, list] = of;
  const written = of.length === 2 && word === 'ARRAY' && isGroup(list, '[') && list.items.length;
  if (!to.endsWith('[]') || !written || !isGroup(list, '[')) return [{ to, of }];
  const items = elementsOf(list.items).flatMap((element, i) => [
    ...(i ? [','] : []),
    // An array in an array is cast as the whole is.
    ...(element[0] === 'ARRAY' && element.length === 2
      ? castTo(to, element, rule)
      : castElement(to.slice(0, -2), element, rule)),
  ]);
  return ['ARRAY', { open: '[', items }];
};

const JOINING = ['AND', 'OR'] as const;

/** Without the brackets around what is joined by the same word. */
const flattened = (parts: readonly Part[]): readonly Part[] => {
  const joint = JOINING.find((word) => parts.includes(word));
  if (!joint) return parts;
  const isOperand = (at: number): boolean =>
    [parts[at - 1], parts[at + 1]].every((side) => side === undefined || side === joint);
  const joins = ({ items }: Group): boolean =>
    items.includes(joint) && !JOINING.some((word) => word !== joint && items.includes(word));
  return parts.flatMap((part, at) =>
    isGroup(part, '(') && isOperand(at) && joins(part) ? part.items : [part],
  );
};

/** By the names that columns have anyway: see `impliedName`. */
const isImplied = (before: readonly Part[], name: Written | undefined): boolean =>
  typeof name === 'string' && impliedName(before) === name.replace(/^"(.*)"$/s, '$1');

const ON_TRUE: readonly Part[] = ['ON', { open: '(', items: ['true'] }];

const read = (items: readonly Written[], rule: FormRule): readonly Part[] => {
  const parts: Part[] = [];
  for (let at = 0; at < items.length; ) {
    const item = items[at];
    if (item === undefined) break;
    if (item === '::') {
      const { type, end } = typeAt(items, at + 1);
      const operand = takeOperand(parts);
      parts.push(...castTo(type, operand, rule));
      at = end;
    } else if (rule >= 3 && item === 'AS' && isImplied(parts, items[at + 1])) {
      at += 2;
    } else if (rule >= 3 && item === 'ON' && items[at + 1] === 'TRUE') {
      parts.push(...ON_TRUE);
      at += 2;
    } else {
      parts.push(typeof item === 'string' ? item : grouped(item, rule));
      at += 1;
    }
  }
  return flattened(parts);
};

const grouped = ({ open, items }: Brackets, rule: FormRule): Group => ({
  open,
  items: read(items, rule),
});

/** Equal for two expressions that say the same, as far as a dump and its restore go; to be compared, not to be read. */
export const formOf = (expression: string, rule: FormRule = 3): unknown => {
  const written = bracketsOf(expression);
  return written ? read(written, rule) : expression;
};
