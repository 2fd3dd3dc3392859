/**
 * The attacker's process: `{ name, port, connections }` begins an attack, `over` ends it, the answer is what it got.
 * Of its own and of low priority, so that what others wait for is the gateway and not the attacker's work beside it.
 */
import { setPriority } from 'node:os';
import { ATTACKS } from './attacks.ts';

export type ToAttacker = 'over' | { readonly name: string; readonly port: number; readonly connections: number };
/** Answers by how often they came. */
export type FromAttacker = Readonly<Record<string, number>>;

setPriority(19);
let end = (): void => {};
process.on('message', (message: ToAttacker) => {
  if (message === 'over') return end();
  const attack = ATTACKS.find(({ name }) => name === message.name);
  const answers: Record<string, number> = {};
  let isOver = false;
  end = () => (isOver = true);
  void attack
    ?.run({
      ...message,
      over: () => isOver,
      count: (answer) => {
        if (!isOver) answers[answer] = (answers[answer] ?? 0) + 1;
      },
    })
    .then(() => process.send?.(answers satisfies FromAttacker));
});
process.on('disconnect', () => process.exit());
