import { literalOf, matchesArn, matchesGlob } from './patterns.ts';

/**
 * Condition operators of IAM.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export interface Condition {
  /** The operator as the policy spells it, such as `ForAllValues:StringLikeIfExists`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Values of a request's condition keys, by the key's name in lower case. A key without a value is missing. */
export type Context = ReadonlyMap<string, readonly string[]>;

type Test = (given: string, wanted: string) => boolean;

const numbers =
  (test: (given: number, wanted: number) => boolean): Test =>
  (given, wanted) =>
    test(Number(given), Number(wanted));

/** ISO 8601, or seconds since 1970. */
const timeOf = (text: string): number =>
  /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);

const dates =
  (test: (given: number, wanted: number) => boolean): Test =>
  (given, wanted) =>
    test(timeOf(given), timeOf(wanted));

const isEqual = (given: number, wanted: number): boolean => given === wanted;

const TESTS: Readonly<Record<string, Test>> = {
  StringEquals: (given, wanted) => given === literalOf(wanted),
  StringEqualsIgnoreCase: (given, wanted) =>
    given.toLowerCase() === literalOf(wanted).toLowerCase(),
  StringLike: (given, wanted) => matchesGlob(wanted, given),
  ArnEquals: (given, wanted) => matchesArn(wanted, given),
  ArnLike: (given, wanted) => matchesArn(wanted, given),
  Bool: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  NumericEquals: numbers(isEqual),
  NumericLessThan: numbers((given, wanted) => given < wanted),
  NumericLessThanEquals: numbers((given, wanted) => given <= wanted),
  NumericGreaterThan: numbers((given, wanted) => given > wanted),
  NumericGreaterThanEquals: numbers((given, wanted) => given >= wanted),
  DateEquals: dates(isEqual),
  DateLessThan: dates((given, wanted) => given < wanted),
  DateLessThanEquals: dates((given, wanted) => given <= wanted),
  DateGreaterThan: dates((given, wanted) => given > wanted),
  DateGreaterThanEquals: dates((given, wanted) => given >= wanted),
};

interface Operator {
  readonly quantifier: string | undefined;
  readonly test: Test;
  readonly isNegated: boolean;
  readonly ifExists: boolean;
}

/** `StringNotEquals` is the opposite of `StringEquals`. */
const operatorOf = (name: string): Operator | undefined => {
  const [, quantifier, base = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  const [, kind, rest] = /^(String|Arn|Numeric|Date)Not(\w+)$/.exec(base) ?? [];
  const test = TESTS[kind === undefined ? base : `${kind}${rest}`];
  if (!test) return undefined;
  return { quantifier, test, isNegated: kind !== undefined, ifExists: ifExists !== undefined };
};

export const isKnownOperator = (name: string): boolean =>
  name === 'Null' || operatorOf(name) !== undefined;

/** Whether a condition holds for a request. @throws Error for an operator that isKnownOperator does not know */
export const holds = ({ operator: name, key, values }: Condition, context: Context): boolean => {
  const given = context.get(key.toLowerCase()) ?? [];
  if (name === 'Null') return values.some((wanted) => (wanted === 'true') === (given.length === 0));
  const operator = operatorOf(name);
  if (!operator) throw new Error(`There is no condition operator ${name}`);
  const { quantifier, test, isNegated, ifExists } = operator;
  const fits = (one: string): boolean => values.some((wanted) => test(one, wanted)) !== isNegated;
  if (quantifier === 'ForAllValues') return given.every(fits);
  if (given.length === 0) return ifExists || (isNegated && quantifier === undefined);
  // If there are several values, a negated operator without a quantifier holds only if none of them is listed.
  return isNegated && quantifier === undefined ? given.every(fits) : given.some(fits);
};
