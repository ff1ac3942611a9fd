import { Annotations, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';

/** The topic that alarms publish to: the configured topic, or a new one for the configured address. */
export const makeAlarmTopic = (
  scope: Construct,
  { topicArn, email }: Config['alarms'],
): ITopic | undefined => {
  if (topicArn) return Topic.fromTopicArn(scope, 'Topic', topicArn);
  if (!email) {
    Annotations.of(scope).addWarningV2(
      'larder:alarms-tell-nobody',
      'Alarms notify nobody: they are visible in CloudWatch only. Set alarms.email or alarms.topicArn in the configuration.',
    );
    return undefined;
  }
  const key = new Key(scope, 'Key', {
    description: 'Larder: alarm notifications',
    enableKeyRotation: true,
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  const topic = new Topic(scope, 'Topic', { masterKey: key, enforceSSL: true });
  // Its policy replaces the default policy, which allows CloudWatch of the account to publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  topic.addSubscription(new EmailSubscription(email));
  return topic;
};
