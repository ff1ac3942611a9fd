/** The synthesized stack on this machine, for `npm start`, the tests and the benchmark. */
export { type LocalStack, type StackOptions, startStack } from './stack/stack.ts';
