import type { CfnElement } from 'aws-cdk-lib';
import { Names, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts one cdk-nag finding on a construct and on its children. If a rule reports details, only one detail is
 * accepted, such as `IAM5[Resource::*]`; every other finding still stops the synthesis.
 */
export const acknowledge = (construct: IConstruct, finding: string, reason: string): void => {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${finding}`, reason });
};

/**
 * The detail that IAM5 reports for a resource with a wildcard after another resource's ARN. In a nested stack, the ARN of an outer
 * resource is a parameter.
 * @param by the resource that has the statement
 */
export const wildcardBehind = (construct: IConstruct, ending: string, by: IConstruct): string => {
  const element = construct.node.defaultChild as CfnElement;
  const stack = Stack.of(construct);
  const arn =
    Stack.of(by) === stack
      ? `${stack.getLogicalId(element)}.Arn`
      : `referenceto${Names.nodeUniqueId(element.node)}Arn`;
  return `IAM5[Resource::<${arn}>${ending}]`;
};
