import { type CfnResource, NestedStack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pascalCase } from '../core/outputs.ts';

/**
 * The nested stack that one source's queues, functions and alarms lie in, since a stack takes 500 resources and a source needs more
 * than 40. It holds nothing that must outlive an upgrade: vault, history and keys are resources of the stack around it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export class SourceStack extends NestedStack {
  constructor(scope: Construct, source: string) {
    super(scope, source, { description: `Larder: the source ${source}` });
    // CloudFormation makes the names of everything in it from this one: short and readable.
    const resource = this.nestedStackResource as CfnResource;
    resource.overrideLogicalId(`Source${pascalCase(source)}`);
  }
}
