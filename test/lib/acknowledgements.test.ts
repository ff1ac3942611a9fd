import { Stage } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { expect, test, vi } from 'vitest';
import { config, otherSource, restore, source, vpc } from './support/config.ts';
import { makeStack } from './support/stack.ts';

interface Acknowledged {
  readonly construct: IConstruct;
  readonly finding: string;
  readonly reason: string;
}

const noted = vi.hoisted((): Acknowledged[] => []);
// Nothing is acknowledged here, so that each finding is reported.
vi.mock('../../lib/acknowledge.ts', async (original) => ({
  ...(await original<object>()),
  acknowledge: (construct: IConstruct, finding: string, reason: string) =>
    noted.push({ construct, finding: `AwsSolutions-${finding}`, reason }),
}));

test('every acknowledgement is for one finding, has a reason, and is needed', () => {
  const stack = makeStack(
    config({
      sources: [
        source({ vpc: { ...vpc, endpoints: true }, restore: restore() }),
        otherSource({ restore: restore() }),
      ],
      alarms: { email: 'operations@example.com' },
    }),
  );
  // References into nested stacks become parameters.
  Stage.of(stack)?.synth();
  const findings = new AwsSolutionsChecks()
    .validateScope(stack)
    .violations.flatMap(({ ruleName, violatingResources = [] }) =>
      violatingResources.map(({ constructPath }) => ({ ruleName, constructPath })),
    );
  expect(noted.length).toBeGreaterThan(20);
  for (const { construct, finding, reason } of noted) {
    expect(reason.length, finding).toBeGreaterThan(40);
    if (/IAM[45]/.test(finding)) expect(finding).toMatch(/\[.+\]$/);
    expect(
      findings.filter(
        ({ ruleName, constructPath }) =>
          ruleName === finding && constructPath?.startsWith(construct.node.path),
      ),
      `${finding} at ${construct.node.path}`,
    ).not.toEqual([]);
  }
});
