/** Messages between the parent and a function's process. */
export interface InvokeMessage {
  readonly kind: 'invoke';
  readonly requestId: string;
  readonly functionArn: string;
  readonly event: unknown;
  /** Epoch milliseconds when the instance is killed. */
  readonly deadline: number;
}

/** A failure as Lambda returns it to the caller. */
export interface FunctionFailure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type RunnerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unfit'; readonly failure: FunctionFailure }
  | { readonly kind: 'done'; readonly requestId: string; readonly payload: unknown }
  | { readonly kind: 'failed'; readonly requestId: string; readonly failure: FunctionFailure };

export type Outcome =
  | { readonly kind: 'ok'; readonly requestId: string; readonly payload: unknown }
  | { readonly kind: 'failed'; readonly requestId: string; readonly failure: FunctionFailure }
  /** All instances that the function may have are busy. */
  | { readonly kind: 'throttled' };
