import { useEffect, useState } from 'preact/hooks';
import { ApiError, messageOf, post } from '../api/client.ts';
import type { Change, CheckAnswer, Issue } from '../api/config-types.ts';
import { diffLines } from '../lib/draft.ts';
import { plainControls } from '../lib/plain-text.ts';
import { Dialog, Notice, Tag } from '../ui/parts.tsx';
import { useAction } from '../ui/use.ts';
import { apply } from './config-state.ts';

export function DiffView({ diff }: { diff: string }) {
  const lines = diffLines(diff);
  if (lines.length === 0) return <p class="soft">The file stays as it is.</p>;
  return (
    <div class="diff" tabIndex={0} role="region" aria-label="Difference in the file">
      {lines.map((line, index) => (
        <div key={index} class={line.kind}>
          <span class="sign" aria-hidden="true">
            {line.kind === 'added' ? '+' : line.kind === 'removed' ? '−' : ''}
          </span>
          {line.kind === 'added' || line.kind === 'removed' ? <span class="unseen">{line.kind}: </span> : null}
          <span>{plainControls(line.text)}</span>
        </div>
      ))}
    </div>
  );
}

export function Issues({ issues }: { issues: readonly Issue[] }) {
  if (issues.length === 0) return null;
  return (
    <ul class="stack tight">
      {issues.map((issue, index) => (
        <li key={index} class="row top">
          <Tag tone={issue.level === 'error' ? 'bad' : issue.level === 'warning' ? 'warn' : 'info'}>{issue.level}</Tag>
          <div class="grow breaks">
            {issue.path !== null && <code>{issue.path}: </code>}
            {issue.message}
            {issue.suggestion !== null && <div class="soft small">{issue.suggestion}</div>}
          </div>
        </li>
      ))}
    </ul>
  );
}

interface ReviewProps {
  readonly title: string;
  readonly changes: readonly Change[];
  readonly action?: string;
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

/** What would be written, before it is. */
export function Review({ title, changes, action = 'Apply', onClose, onDone }: ReviewProps) {
  const [answer, setAnswer] = useState<CheckAnswer | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [refused, setRefused] = useState<readonly Issue[]>([]);
  useEffect(() => {
    post<CheckAnswer>('/api/config/check', { changes }).then(setAnswer, (error: unknown) =>
      setFailure(messageOf(error)),
    );
  }, []);
  const run = useAction(async () => {
    setRefused([]);
    try {
      await apply(changes);
    } catch (error) {
      if (error instanceof ApiError) setRefused(error.issues);
      throw error;
    }
    onClose();
    onDone?.();
  });
  return (
    <Dialog
      title={title}
      wide
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Back
          </button>
          <button
            type="button"
            class="button main-action"
            disabled={answer?.ok !== true || run.busy}
            onClick={() => void run.start()}
          >
            {action}
          </button>
        </>
      }
    >
      <div class="stack">
        {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
        {answer === undefined && failure === undefined && <p class="soft">Checking…</p>}
        {answer !== undefined && (
          <>
            {!answer.ok && <Notice tone="bad">This is refused; nothing was changed.</Notice>}
            <Issues issues={answer.issues} />
            <DiffView diff={answer.diff} />
          </>
        )}
        {run.error !== undefined && <Notice tone="bad">{run.error}</Notice>}
        <Issues issues={refused} />
      </div>
    </Dialog>
  );
}
