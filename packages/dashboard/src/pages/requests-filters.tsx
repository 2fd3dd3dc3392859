import { useEffect, useRef, useState } from 'preact/hooks';
import { targets } from '../api/live.ts';
import { queryOf, type RowFilter } from '../lib/rows.ts';
import { go, path } from '../router.ts';
import { Icon } from '../ui/icons.tsx';
import { Segments } from '../ui/parts.tsx';

type Group = 'all' | 'ok' | 'rescued' | 'failed' | 'left';
const GROUPS = [
  { value: 'all', text: 'All' },
  { value: 'rescued', text: 'Recovered' },
  { value: 'failed', text: 'Failed' },
  { value: 'ok', text: 'Answered' },
  { value: 'left', text: 'Caller left' },
] as const;

function groupOfFilter(filter: RowFilter): Group {
  return filter.rescued === true ? 'rescued' : (filter.outcome ?? 'all');
}

/** Filters stand in the address, so that they can be kept and passed on. */
export function setFilter(filter: RowFilter): void {
  go(path.value + queryOf(filter), { replace: true });
}

export function Filters({ filter }: { filter: RowFilter }) {
  const group = groupOfFilter(filter);
  const providers = [...new Set([...targets.value.values()].map((target) => target.entry))].toSorted();
  if (filter.provider !== undefined && !providers.includes(filter.provider)) providers.push(filter.provider);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // What is being typed is the box's own: the address follows a moment later.
  const [typed, setTyped] = useState(filter.q ?? '');
  const latest = useRef(filter);
  latest.current = filter;
  useEffect(() => {
    if (timer.current === undefined) setTyped(filter.q ?? '');
  }, [filter.q]);
  const search = (text: string): void => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const q = text.trim();
      setFilter({ ...latest.current, q: q === '' ? undefined : q });
    }, 250);
  };
  return (
    <div class="filters" role="search">
      <div class="search">
        <Icon name="search" />
        <input
          class="input"
          type="search"
          data-search
          aria-label="Search in id, model, provider and agent"
          placeholder="Id, model, provider, agent"
          value={typed}
          onInput={(event) => search(event.currentTarget.value)}
        />
      </div>
      <Segments<Group>
        label="Outcome"
        value={group}
        choices={GROUPS}
        onChange={(value) => {
          const { outcome: _outcome, rescued: _rescued, ...rest } = filter;
          setFilter(
            value === 'all' ? rest : value === 'rescued' ? { ...rest, rescued: true } : { ...rest, outcome: value },
          );
        }}
      />
      <select
        class="input"
        aria-label="Answered or last asked"
        value={filter.provider ?? ''}
        onChange={(event) => setFilter({ ...filter, provider: event.currentTarget.value || undefined })}
      >
        <option value="">Any provider</option>
        {providers.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        class="input"
        aria-label="How long it took"
        value={String(filter.minTookMs ?? '')}
        onChange={(event) => setFilter({ ...filter, minTookMs: Number(event.currentTarget.value) || undefined })}
      >
        <option value="">Any time</option>
        {[1_000, 5_000, 15_000, 60_000].map((ms) => (
          <option key={ms} value={ms}>
            over {ms / 1_000} s
          </option>
        ))}
      </select>
      {(['model', 'key', 'agent'] as const).map((name) =>
        filter[name] === undefined ? null : (
          <button key={name} type="button" class="button" onClick={() => setFilter({ ...filter, [name]: undefined })}>
            {name} {filter[name]} <Icon name="close" size={12} />
          </button>
        ),
      )}
    </div>
  );
}
