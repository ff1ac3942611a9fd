import type { PlanPorts } from '../../../functions/plan/ports.ts';

export class Killed extends Error {}

/**
 * The ports of a function that is killed at its `at`th call: before the call takes effect, or after it did and
 * its answer was lost. Calls already in progress at that moment take effect, as they may in a killed Lambda.
 */
export const dyingAt = (
  ports: PlanPorts,
  at: number,
  when: 'before' | 'after',
): { ports: PlanPorts; calls: () => number } => {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, property, receiver) => {
        const member: unknown = Reflect.get(target, property, receiver);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls > at || (calls === at && when === 'before')) {
            // A port that returns a stream fails when it is called; all others return a promise.
            if (property === 'open') throw new Killed();
            return Promise.reject(new Killed());
          }
          const answer: unknown = member.apply(target, args);
          if (calls < at || !(answer instanceof Promise)) return answer;
          return answer.then(() => {
            throw new Killed();
          });
        };
      },
    });
  return {
    calls: () => calls,
    ports: {
      ...ports,
      source: wrap(ports.source),
      registry: wrap(ports.registry),
      history: wrap(ports.history),
      runs: wrap(ports.runs),
      queue: wrap(ports.queue),
      outcomes: wrap(ports.outcomes),
    },
  };
};
