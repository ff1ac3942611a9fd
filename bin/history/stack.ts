import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { quoted } from '../../core/errors/base.ts';
import type { Where } from './arguments.ts';

/** The stack output that holds each name; lib/larder-stack.ts writes them. */
const OUTPUTS = { table: 'HistoryTable', bucket: 'VaultBucket' } as const;
/** Absent in stacks from before manifests were signed. */
const KEYS = 'ManifestKeys';

/** @throws Error if there is no such stack; errors of CloudFormation */
export const outputsOf = async (stack: string): Promise<ReadonlyMap<string, string>> => {
  const client = new CloudFormationClient({ requestHandler: makeRequestHandler() });
  try {
    const { Stacks: [found] = [] } = await client.send(
      new DescribeStacksCommand({ StackName: stack }),
    );
    return new Map(
      (found?.Outputs ?? []).flatMap(({ OutputKey: key, OutputValue: value }) =>
        key && value ? [[key, value] as const] : [],
      ),
    );
  } catch (error) {
    // CloudFormation has no specific error for this.
    if (!(error instanceof Error) || !/does not exist/.test(error.message)) throw error;
    throw new Error(
      `There is no stack ${quoted(stack)} in this region and account. Check --stack, AWS_REGION and AWS_PROFILE; --local is for the data folder of npm start.`,
      { cause: error },
    );
  } finally {
    client.destroy();
  }
};

/**
 * The names of table and bucket from the outputs of a deployed stack; explicit names have precedence.
 * @throws Error if there is no such stack, or it is not a Larder stack; errors of CloudFormation
 */
export const namesOfStack = async ({
  stack,
  table,
  bucket,
  keys,
}: Where & { readonly kind: 'stack' }): Promise<{
  table: string;
  bucket: string;
  keys: readonly string[];
}> => {
  const outputs = await outputsOf(stack);
  const named = (what: keyof typeof OUTPUTS): string => {
    const name = outputs.get(OUTPUTS[what]);
    if (name !== undefined) return name;
    throw new Error(
      `The stack ${quoted(stack)} has no output ${OUTPUTS[what]}. Is it Larder's stack, and is its deployment complete? If so, give --${what} by hand.`,
    );
  };
  return {
    table: table ?? named('table'),
    bucket: bucket ?? named('bucket'),
    keys: keys ?? outputs.get(KEYS)?.split(',') ?? [],
  };
};
