import { type CfnResource, NestedStack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pascalCase } from '../core/outputs.ts';

/**
 * The nested stack of one source's queues, functions and alarms, because a stack is limited to 500 resources and a source needs
 * more than 40. It holds nothing that must survive an upgrade: vault, history and keys are resources of the parent stack.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export class SourceStack extends NestedStack {
  constructor(scope: Construct, source: string) {
    super(scope, source, { description: `Larder: the source ${source}` });
    // CloudFormation derives the names of all resources in it from this name: short and readable.
    const resource = this.nestedStackResource as CfnResource;
    resource.overrideLogicalId(`Source${pascalCase(source)}`);
  }
}
