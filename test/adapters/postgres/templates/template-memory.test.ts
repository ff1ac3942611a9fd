import { expect, it } from 'vitest';
import { makeTemplateMemory } from '../../../../adapters/postgres/templates/template-memory.ts';

it('what was not used for the longest time goes first, and never more is kept than allowed', () => {
  const memory = makeTemplateMemory(10);
  memory.set('a', Buffer.alloc(4, 'a'));
  memory.set('b', Buffer.alloc(4, 'b'));
  memory.get('a');
  memory.set('c', Buffer.alloc(4, 'c'));
  expect(['a', 'b', 'c'].map((name) => memory.get(name)?.length)).toEqual([4, undefined, 4]);
  memory.set('a', Buffer.alloc(6, 'a'));
  expect(['a', 'c'].map((name) => memory.get(name)?.length)).toEqual([6, 4]);
  memory.set('c', Buffer.alloc(11));
  expect(['a', 'c'].map((name) => memory.get(name)?.length)).toEqual([6, undefined]);
  memory.delete('a');
  memory.set('d', Buffer.alloc(10));
  expect(memory.get('d')?.length).toBe(10);
});
