import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, the longest first, so that none of them is alone at the end. The first waits for most of its
 * time: others work meanwhile.
 */
const LONGEST = [
  'functions/restore/regression',
  'functions/restore/generated',
  'local/killed-export',
  'layers/build',
  'local/start.test',
  'local/own-database',
  'local/grants-used',
  'layers/mirror',
  'layers/client-in-empty-root',
  'layers/stack',
  'damage/',
  'faults/',
  'functions/export/awkward',
  'functions/restore/',
  'functions/plan/ten-thousand',
  'adapters/postgres/scratch-restore/',
  'adapters/postgres/replay/',
  'adapters/postgres/restore/',
  'local/',
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONGEST.findIndex((part) => moduleId.includes(`/test/${part}`));
  return rank === -1 ? LONGEST.length : rank;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
