import { type Document, NotEmulated } from './document.ts';

/** The resource types that the local stack runs. */
const EMULATED = new Set([
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Model',
  'AWS::ApiGateway::RequestValidator',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::LayerVersion',
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
  'AWS::SSM::Parameter',
  'AWS::Scheduler::Schedule',
]);

/**
 * Resource types that change permissions, notifications, encryption or endpoints, but not the input of a function or
 * the time when it runs: they are ignored here.
 */
const WITHOUT_EFFECT = [
  /^AWS::IAM::/,
  /^AWS::KMS::/,
  /^AWS::Logs::/,
  /^AWS::CloudWatch::/,
  /^AWS::EC2::/,
  /^AWS::SNS::/,
  /^AWS::CDK::Metadata$/,
  /^AWS::ApiGateway::(Account|Deployment|Stage)$/,
  /^AWS::Lambda::Permission$/,
  /^AWS::S3::BucketPolicy$/,
  /^AWS::SQS::QueuePolicy$/,
  /^AWS::Scheduler::ScheduleGroup$/,
  /^AWS::SES::/,
];

/** @throws NotEmulated for a type that is neither emulated nor known to make no difference */
export const checkTypes = (document: Document): void => {
  for (const [id, { Type }] of document.resources) {
    if (EMULATED.has(Type) || WITHOUT_EFFECT.some((pattern) => pattern.test(Type))) continue;
    throw new NotEmulated(id, `nothing is known of resources of type ${Type}`);
  }
};
