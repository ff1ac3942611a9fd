import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { config, restore, source, vpc } from './support/config.ts';
import { type KeptResource, keptOf, keptResources } from './support/kept-resources.ts';
import { synthesis } from './support/stack.ts';

/**
 * An upgrade of a deployed stack, as CloudFormation decides it: a resource whose logical id is gone is removed, and one whose type or fixed
 * property has changed is replaced. The fixtures hold such resources of deployed versions: `unreleased.json` of the first stack with nested
 * stacks. If a resource is added, add it there too, by the output of `keptOf`; if one must go, docs/limits.md says what an upgrade loses.
 */
const FOLDER = path.resolve(import.meta.dirname, '../fixtures/deployed');

/** Replaced on purpose by the first deployment with nested stacks: docs/limits.md. */
const MOVED: Readonly<Record<string, RegExp>> = {
  '0.1.0.json': /^Sourcesmain(Exports|PlanDeadLetters|RestoresRequests)/,
};

const today = keptOf(
  synthesis(
    config({
      sources: [source({ restore: restore(), vpc: { ...vpc, endpoints: true } })],
      alarms: { email: 'operations@example.com' },
    }),
  ).resources,
);

const fixtureOf = (file: string): readonly (readonly [id: string, KeptResource])[] => {
  const found = keptResources.parse(JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')));
  return Object.entries(found).filter(([id]) => !MOVED[file]?.test(id));
};

/** Empty if CloudFormation updates the resource in place. */
const lossOf = (id: string, before: KeptResource): string | undefined => {
  const after = today[id];
  if (!after) return `${before.type} ${id} is removed`;
  if (after.type !== before.type) return `${id} becomes ${after.type}`;
  const names = new Set([...Object.keys(before.fixed), ...Object.keys(after.fixed)]);
  for (const name of names) {
    const [was, is] = [before.fixed[name], after.fixed[name]].map((one) => JSON.stringify(one));
    if (was !== is) return `${before.type} ${id} is replaced: its ${name} was ${was} and is ${is}`;
  }
  if (before.deletionPolicy === 'Retain' && after.deletionPolicy !== 'Retain')
    return `${before.type} ${id} no longer outlives the stack`;
  return undefined;
};

describe.each(readdirSync(FOLDER))('an upgrade from the stack of %s', (file) => {
  test('removes and replaces nothing that holds data or has an address', () => {
    const before = fixtureOf(file);
    expect(before.length).toBeGreaterThan(10);
    expect(before.flatMap(([id, one]) => lossOf(id, one) ?? [])).toEqual([]);
  });
});

test('the fixture of the present stack knows all of its resources', () => {
  expect(Object.keys(today).filter((id) => !new Map(fixtureOf('unreleased.json')).has(id))).toEqual(
    [],
  );
});
