import { useEffect, useState } from 'preact/hooks';
import type { ConfigAnswer, HistoryEntry, SchemaAnswer } from '../api/config-types.ts';
import { clock, snapshots } from '../api/live.ts';
import { addressOf, formatPath, segmentsOf } from '../lib/config-path.ts';
import { nodeAt, treeOf } from '../lib/config-tree.ts';
import { changesOf } from '../lib/draft.ts';
import { plural, relative } from '../lib/format.ts';
import { path } from '../router.ts';
import { Icon } from '../ui/icons.tsx';
import { Empty, Head, Notice, Panel, Tag } from '../ui/parts.tsx';
import { useAnswer } from '../ui/use.ts';
import { Aliases, NewAgent, NewEntry } from './config-aliases.tsx';
import { SectionPage } from './config-section.tsx';
import {
  checked,
  checkError,
  config,
  discard,
  draft,
  loadConfig,
  loadError,
  schema,
  undo,
  unreadable,
} from './config-state.ts';
import { DiffView, Review } from './config-review.tsx';

export function Config() {
  const segments = segmentsOf(path.value);
  const [reviews, setReviews] = useState(false);
  useEffect(() => void loadConfig(), [snapshots.value]);
  const found = config.value;
  const known = schema.value;
  if (found === undefined || known === undefined)
    return (
      <>
        <Head title="Config" />
        {loadError.value === undefined ? <p class="soft">Loading…</p> : <Notice tone="bad">{loadError.value}</Notice>}
      </>
    );
  return (
    <>
      <div class={segments.length === 0 ? 'config' : 'config inside'}>
        <Tree found={found} known={known} at={formatPath(segments)} />
        <div class="config-page stack">
          {segments.length > 0 && <Crumbs segments={segments} />}
          {found.notEditable !== null && !found.editable && <Notice tone="info">{found.notEditable}</Notice>}
          <Content segments={segments} found={found} known={known} />
        </div>
      </div>
      {draft.value.size > 0 && <DraftBar onReview={() => setReviews(true)} />}
      {reviews && (
        <Review title="Review the changes" changes={changesOf(draft.value)} onClose={() => setReviews(false)} />
      )}
    </>
  );
}

function Content({
  segments,
  found,
  known,
}: {
  segments: readonly string[];
  found: ConfigAnswer;
  known: SchemaAnswer;
}) {
  if (segments.length === 0) return <Overview found={found} />;
  if (segments.length === 1 && segments[0] === 'new') return <NewEntry known={known} />;
  if (segments.length === 1 && segments[0] === 'new-agent') return <NewAgent />;
  if (segments[0] === 'providers' && segments.length < 4)
    return <Aliases found={found} prefix={segments.length < 2 ? ['providers', 'models'] : segments} length={4} />;
  if (segments[0] === 'agents' && segments.length < 2) return <Aliases found={found} prefix={['agents']} length={2} />;
  const node = nodeAt(known.root, segments);
  if (node === undefined)
    return (
      <Empty title={`The config has no ${formatPath(segments)}`}>
        <a class="button" href="/config">
          To the overview
        </a>
      </Empty>
    );
  // Editors of one section do not become those of the next.
  return <SectionPage key={formatPath(segments)} segments={segments} node={node} found={found} known={known} />;
}

function Tree({ found, known, at }: { found: ConfigAnswer; known: SchemaAnswer; at: string }) {
  const edited = (prefix: string): boolean =>
    [...draft.value.keys()].some((one) => one === prefix || one.startsWith(`${prefix}.`));
  return (
    <nav class="tree" aria-label="Sections of the config">
      <a class="tree-top" href="/config" aria-current={at === '' ? 'page' : undefined}>
        Overview
      </a>
      {treeOf(found, known.root).map((group) => (
        <div key={group.title} class="tree-group">
          <div class="row between">
            <h2 class="small">
              {group.segments.length === 0 ? group.title : <a href={addressOf(group.segments)}>{group.title}</a>}
            </h2>
            {group.segments.length > 0 && found.editable && (
              <a
                class="button plain icon-only"
                href={group.segments[0] === 'agents' ? '/config/new-agent' : '/config/new'}
                aria-label={group.segments[0] === 'agents' ? 'New agent' : 'New entry'}
                title={group.segments[0] === 'agents' ? 'New agent' : 'New entry'}
              >
                <Icon name="plus" />
              </a>
            )}
          </div>
          <ul>
            {group.items.map(({ text, segments }) => {
              const name = formatPath(segments);
              const isHere = at === name || at.startsWith(`${name}.`);
              return (
                <li key={name}>
                  <a href={addressOf(segments)} aria-current={isHere ? 'page' : undefined} class="row">
                    <span class="clip grow">{text}</span>
                    {edited(name) && <Tag tone="warn">edited</Tag>}
                  </a>
                </li>
              );
            })}
            {group.items.length === 0 && <li class="soft small none">none</li>}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function Crumbs({ segments }: { segments: readonly string[] }) {
  const parts =
    segments[0] === 'providers' && segments[1] === 'models'
      ? [segments.slice(0, 2), ...segments.slice(2).map((_, index) => segments.slice(0, index + 3))]
      : segments.map((_, index) => segments.slice(0, index + 1));
  return (
    <nav class="crumbs small" aria-label="Path">
      <a href="/config">config</a>
      {parts.map((part) => (
        <span key={formatPath(part)}>
          <span class="soft"> / </span>
          <a href={addressOf(part)}>
            {part.length === 2 && part[0] === 'providers' ? 'providers.models' : part.at(-1)}
          </a>
        </span>
      ))}
    </nav>
  );
}

function Overview({ found }: { found: ConfigAnswer }) {
  return (
    <>
      <Head title="Config" />
      {found.refused !== null && (
        <Notice tone="warn">
          The file was changed, but has an error; the last good one stays in force: {found.refused}
        </Notice>
      )}
      <Panel title="File">
        <dl class="facts">
          <div>
            <dt>Path</dt>
            <dd class="mono">{found.file ?? 'none: values come from the environment and defaults'}</dd>
          </div>
          <div>
            <dt>Entries and agents</dt>
            <dd>
              {plural(found.sections.filter((one) => one.kind === 'entry').length, 'entry', 'entries')},{' '}
              {plural(found.sections.filter((one) => one.kind === 'agent').length, 'agent')}
            </dd>
          </div>
          <div>
            <dt>Overridden from outside</dt>
            <dd>{plural(found.values.filter((value) => value.overridden).length, 'value')}</dd>
          </div>
        </dl>
      </Panel>
      <Panel title="Findings" flush>
        {found.issues.length === 0 ? (
          <p class="body-pad soft">Nothing to complain about.</p>
        ) : (
          <ul class="short-list plain">
            {found.issues.map((issue, index) => (
              <li key={index} class="row top">
                <Tag tone={issue.level === 'error' ? 'bad' : issue.level === 'warning' ? 'warn' : 'info'}>
                  {issue.level}
                </Tag>
                <div class="grow breaks">
                  {issue.path !== null && <code>{issue.path} </code>}
                  {issue.line !== null && <span class="soft">line {issue.line}: </span>}
                  {issue.message}
                  {issue.suggestion !== null && <div class="soft small">{issue.suggestion}</div>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <History turn={found.hash} />
    </>
  );
}

function History({ turn }: { turn: string | null }) {
  const { data } = useAnswer<{ data: readonly HistoryEntry[] }>('/api/config/history', turn);
  if (data === undefined) return null;
  return (
    <Panel title="Changes made here" flush>
      {data.data.length === 0 ? (
        <p class="body-pad soft">
          None yet. What is applied in the dashboard is listed here, and the newest can be undone.
        </p>
      ) : (
        <ul class="short-list plain history">
          {data.data.map((entry) => (
            <li key={entry.id}>
              <details>
                <summary class="row between wrap">
                  <span class="grow breaks">{entry.summary.join('; ')}</span>
                  <span class="soft small">{relative(entry.at, clock.value)}</span>
                </summary>
                <DiffView diff={entry.diff} />
              </details>
              {entry.undoable && (
                <button type="button" class="button" onClick={() => void undo(entry.id)}>
                  <Icon name="undo" /> Undo
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function DraftBar({ onReview }: { onReview: () => void }) {
  const errors =
    (checked.value?.issues ?? []).filter((issue) => issue.level === 'error').length + unreadable.value.size;
  const state =
    checkError.value ??
    (unreadable.value.size > 0
      ? 'something cannot be read'
      : checked.value === undefined
        ? 'checking…'
        : checked.value.ok
          ? 'valid'
          : plural(errors, 'problem'));
  const isGood = checked.value?.ok === true && unreadable.value.size === 0;
  return (
    <div class="draft-bar" role="region" aria-label="Edits that are not applied">
      <span class="grow" role="status">
        <span class="strong">{plural(draft.value.size, 'edit')}</span> not applied,{' '}
        <span class={isGood || checked.value === undefined ? '' : 'error-text'}>{state}</span>
      </span>
      <button type="button" class="button" onClick={discard}>
        Discard
      </button>
      <button type="button" class="button main-action" onClick={onReview} disabled={unreadable.value.size > 0}>
        Review
      </button>
    </div>
  );
}
