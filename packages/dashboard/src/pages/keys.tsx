import { useState } from 'preact/hooks';
import { post } from '../api/client.ts';
import { clock } from '../api/live.ts';
import type { CallerKey, Session } from '../api/types.ts';
import { count, fullTime, relative, usd } from '../lib/format.ts';
import { Icon } from '../ui/icons.tsx';
import { CopyButton, Dialog, Empty, Head, Notice, Panel, Tag } from '../ui/parts.tsx';
import { toast } from '../ui/toast.tsx';
import { useAction, useAnswer } from '../ui/use.ts';
import { KeyForm } from './key-form.tsx';

export function Keys() {
  const keys = useAnswer<{ data: readonly CallerKey[]; required: boolean }>('/api/keys');
  const [creates, setCreates] = useState(false);
  const [edited, setEdited] = useState<CallerKey | undefined>(undefined);
  const [ends, setEnds] = useState<CallerKey | undefined>(undefined);
  const [made, setMade] = useState<string | undefined>(undefined);
  const all = keys.data?.data ?? [];
  const live = all.filter((key) => key.revokedAt === null);
  const revoked = all.filter((key) => key.revokedAt !== null);
  return (
    <>
      <Head title="Keys">
        <button type="button" class="button main-action" onClick={() => setCreates(true)}>
          <Icon name="plus" /> New key
        </button>
      </Head>
      <div class="stack">
        {keys.error !== undefined && <Notice tone="bad">{keys.error}</Notice>}
        {keys.data !== undefined && !keys.data.required && (
          <Notice tone="info">
            Callers on this machine need no key. From the first key on, every caller has to present one.
          </Notice>
        )}
        <Panel title="Callers" flush>
          {keys.data !== undefined && live.length === 0 ? (
            <Empty title="No key yet">
              <p>A key lets one program or person in, with models, rates and a budget of its own.</p>
            </Empty>
          ) : (
            <KeyTable keys={live} onEdit={setEdited} onRevoke={setEnds} />
          )}
        </Panel>
        {revoked.length > 0 && (
          <details class="panel">
            <summary>Revoked ({revoked.length})</summary>
            <KeyTable keys={revoked} />
          </details>
        )}
        <Sessions />
      </div>
      {creates && (
        <KeyForm
          onClose={() => setCreates(false)}
          onDone={(key) => {
            setCreates(false);
            setMade(key);
            keys.reload();
          }}
        />
      )}
      {edited !== undefined && (
        <KeyForm
          edited={edited}
          onClose={() => setEdited(undefined)}
          onDone={() => {
            setEdited(undefined);
            toast('Limits changed');
            keys.reload();
          }}
        />
      )}
      {ends !== undefined && (
        <Revoke
          record={ends}
          onClose={() => setEnds(undefined)}
          onDone={() => {
            setEnds(undefined);
            keys.reload();
          }}
        />
      )}
      {made !== undefined && <Made secret={made} onClose={() => setMade(undefined)} />}
    </>
  );
}

interface TableProps {
  readonly keys: readonly CallerKey[];
  readonly onEdit?: (key: CallerKey) => void;
  readonly onRevoke?: (key: CallerKey) => void;
}

function KeyTable({ keys, onEdit, onRevoke }: TableProps) {
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label="Keys">
      <table class="table cards">
        <thead>
          <tr>
            <th>Name</th>
            <th>Models</th>
            <th>Rates</th>
            <th class="budget-cell">Budget</th>
            <th>Made</th>
            {onEdit !== undefined && (
              <th>
                <span class="unseen">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td>
                <div class="row wrap">
                  <a class="strong breaks" href={`/requests?key=${encodeURIComponent(key.id)}`}>
                    {key.name}
                  </a>
                  {key.admin && <Tag tone="warn">admin</Tag>}
                </div>
                <code class="soft small">{key.id}</code>
              </td>
              <td class="breaks" data-label="Models">
                {key.models === null ? <span class="soft">all</span> : key.models.join(', ')}
              </td>
              <td data-label="Rates">
                <div>{ratesOf(key)}</div>
              </td>
              <td class="budget-cell" data-label="Budget">
                <div>
                  <Money limit={key.budgetDayUsd} used={key.usedDayUsd} unit="day" soft={key.soft} />
                  <Money limit={key.budgetMonthUsd} used={key.usedMonthUsd} unit="month" soft={key.soft} />
                  {key.budgetDayUsd === null && key.budgetMonthUsd === null && <span class="soft">no limit</span>}
                </div>
              </td>
              <td class="nowrap" data-label="Made" title={fullTime(key.createdAt)}>
                {relative(key.createdAt, clock.value)}
              </td>
              {onEdit !== undefined && (
                <td>
                  <div class="row">
                    <button type="button" class="button" onClick={() => onEdit(key)}>
                      Limits<span class="unseen"> of {key.name}</span>
                    </button>
                    <button type="button" class="button danger" onClick={() => onRevoke?.(key)}>
                      Revoke<span class="unseen"> {key.name}</span>
                    </button>
                  </div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ratesOf(key: CallerKey) {
  const parts = [
    key.rpm === null ? '' : `${count(key.rpm)} requests/min`,
    key.tpm === null ? '' : `${count(key.tpm)} tokens/min`,
    key.parallel === null ? '' : `${count(key.parallel)} at once`,
  ].filter((part) => part !== '');
  if (parts.length === 0) return <span class="soft">no limit</span>;
  return parts.map((part) => (
    <div key={part} class="nowrap">
      {part}
    </div>
  ));
}

function Money({
  limit,
  used,
  unit,
  soft,
}: {
  limit: string | null;
  used: string | null;
  unit: string;
  soft: boolean;
}) {
  if (limit === null) return null;
  const part = Number(limit) > 0 ? Number(used ?? 0) / Number(limit) : 1;
  return (
    <div class="key-budget">
      <div class="small nowrap">
        {usd(used ?? '0')} of {usd(limit)} per {unit}
        {soft && <span class="soft"> (only warns)</span>}
      </div>
      <div class="meter" aria-hidden="true">
        <div class={part >= 1 ? 'bad' : part >= 0.8 ? 'warn' : ''} style={{ width: `${Math.min(100, part * 100)}%` }} />
      </div>
    </div>
  );
}

function Made({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog
      title="The new key"
      onClose={onClose}
      footer={
        <button type="button" class="button main-action" onClick={onClose}>
          I have kept it
        </button>
      }
    >
      <div class="stack">
        <p>It is shown this once; only its hash is kept. Put it where the program reads its API key.</p>
        <code class="command made-key">{secret}</code>
        <div>
          <CopyButton text={secret} what="key" />
        </div>
      </div>
    </Dialog>
  );
}

function Revoke({ record, onClose, onDone }: { record: CallerKey; onClose: () => void; onDone: () => void }) {
  const { busy, error, start } = useAction(async () => {
    await post(`/api/keys/${encodeURIComponent(record.id)}/revoke`);
    onDone();
  });
  return (
    <Dialog
      title={`Revoke ${record.name}?`}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Keep it
          </button>
          <button type="button" class="button danger" disabled={busy} onClick={() => void start()}>
            Revoke
          </button>
        </>
      }
    >
      <div class="stack">
        <p>Whoever uses this key is refused from now on. It cannot be undone; its past requests stay in the ledger.</p>
        {error !== undefined && <Notice tone="bad">{error}</Notice>}
      </div>
    </Dialog>
  );
}

function Sessions() {
  const { data, reload } = useAnswer<{ data: readonly Session[] }>('/api/sessions');
  const { start } = useAction(async (id: string) => {
    await post(`/api/sessions/${encodeURIComponent(id)}/revoke`);
    reload();
  });
  if (data === undefined || data.data.length === 0) return null;
  return (
    <Panel title="Paired browsers" flush>
      <ul class="short-list plain">
        {data.data.map((session) => (
          <li key={session.id} class="row between wrap">
            <span class="row wrap">
              <span class="strong breaks">{session.name}</span>
              {session.current && <Tag tone="good">this one</Tag>}
            </span>
            <span class="row wrap soft small">
              <span>
                paired {relative(session.createdAt, clock.value)}, used {relative(session.lastSeenAt, clock.value)}
              </span>
              {!session.current && (
                <button type="button" class="button danger" onClick={() => void start(session.id)}>
                  End<span class="unseen"> {session.name}</span>
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
