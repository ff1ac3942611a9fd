import type { CfnElement } from 'aws-cdk-lib';
import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts one finding of cdk-nag on a construct and what is in it. A rule that reports details is accepted for
 * one detail only, such as `IAM5[Resource::*]`; every other finding goes on stopping the synthesis.
 */
export const acknowledge = (construct: IConstruct, finding: string, reason: string): void => {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${finding}`, reason });
};

/** The detail that IAM5 reports for a resource with a wildcard behind another resource's ARN. */
export const wildcardBehind = (construct: IConstruct, ending: string): string => {
  const element = construct.node.defaultChild as CfnElement;
  return `IAM5[Resource::<${Stack.of(construct).getLogicalId(element)}.Arn>${ending}]`;
};
