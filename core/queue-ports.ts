import type { OutcomeMessage } from './messages.ts';

export interface Outcomes {
  send(message: OutcomeMessage): Promise<void>;
}
