import { expect, it } from 'vitest';
import { checkJsonShape } from '../../core/json-shape.ts';

const within = (text: string) => () =>
  checkJsonShape('The text', { mostDepth: 3, mostValues: 5 }, text);

it.each([
  '{"a": [{"b": 1}, 2]}',
  '[1, 2, 3, 4]',
  '"[[[[{{{{,,,,,,,,\\\\\\"[[[[,,,,"',
  '{"[[[[\\"": "\\\\"}',
  '',
])('accepts %s', (text) => {
  expect(within(text)).not.toThrow();
});

it.each([
  ['[[[[]]]]', 'nested more than 3 times'],
  ['{"a": {"b": {"c": {', 'nested'],
  ['[1, 2, 3, 4, 5]', 'more than 5 values'],
  ['[[], [], [], [], []]', 'more than 5 values'],
  ['{"a": "]]", "b": [[[1]]]}', 'nested'],
])('refuses %s', (text, why) => {
  expect(within(text)).toThrow(why);
});

it('bounds what it reads before anything is parsed', () => {
  const bounds = { mostDepth: 32, mostValues: 1000 };
  for (const text of ['['.repeat(10_000_000), '[],'.repeat(3_000_000)])
    expect(() => checkJsonShape('The text', bounds, text)).toThrow();
});
