import { App, type AppProps } from 'aws-cdk-lib';

/**
 * How CDK is to behave, in one place for the command line, the tests and the local stack. These are choices that new
 * CDK projects are given, as far as they concern what is used here.
 */
const CHOICES = {
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:target-partitions': ['aws', 'aws-cn', 'aws-us-gov'],
  '@aws-cdk/aws-apigateway:requestValidatorUniqueId': true,
} as const;

/** An app that reports nothing to anybody. */
export const larderApp = ({ context, ...props }: AppProps = {}): App =>
  new App({ analyticsReporting: false, ...props, context: { ...CHOICES, ...context } });
