import { type Brackets, bracketsOf, type Written } from './brackets.ts';
import { impliedName } from './implied-names.ts';
import { type Group, isGroup, type Part } from './parts.ts';
import { typeAt } from './type-names.ts';

/**
 * The meaning of an expression, in one form for all forms in which servers write it. A server reads the text that pg_dump wrote and writes
 * it again, and the second text may differ from the first. Four things change, and nothing else does (tried on all expressions of the
 * tests, and on the views of PostgreSQL's own regression tests):
 *
 * - A cast of an array goes to its elements: `(ARRAY['a'::varchar])::text[]` becomes `ARRAY[('a'::varchar)::text]`. In an element it goes
 *   below a collation.
 * - AND within AND loses its brackets if it is first, and so does OR: `x BETWEEN 1 AND 2 AND y` is written `(((x >= 1) AND (x <= 2)) AND
 *   y)`, and becomes `((x >= 1) AND (x <= 2) AND y)`.
 * - A column that nothing can refer to, in a subquery or after UNION, has its name written unless that is `?column?`: `EXISTS (SELECT
 *   NULL)` is written `SELECT NULL::text`, which a server reads as a column named `text`, and becomes `SELECT NULL::text AS text`. A column
 *   that can be referred to always has its name written.
 * - A join of tables without a common column, `NATURAL JOIN`, is written `ON TRUE`, and becomes `ON (true)`.
 *
 * Everything else stays in its order and within its brackets: `(a - b) - c` is not `a - (b - c)`.
 */

/** The rule of the digests: before the third, names and collations were kept as they are written. */
export type FormRule = 2 | 3;

/** The operand of a cast that follows: the brackets around it belong to the cast. */
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

/** A cast goes below the collation of its operand. */
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
    // An array in an array is cast like the whole.
    ...(element[0] === 'ARRAY' && element.length === 2
      ? castTo(to, element, rule)
      : castElement(to.slice(0, -2), element, rule)),
  ]);
  return ['ARRAY', { open: '[', items }];
};

const JOINING = ['AND', 'OR'] as const;

/** Without the brackets around operands that are joined by the same word. */
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

/** Uses the names that columns have by themselves: see `impliedName`. */
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

/** Equal for two expressions with the same meaning, as far as a dump and its restore change them. For comparison only, not readable. */
export const formOf = (expression: string, rule: FormRule = 3): unknown => {
  const written = bracketsOf(expression);
  return written ? read(written, rule) : expression;
};
