import { active, clock, flows, pulse, targets } from '../api/live.ts';
import type { Chain, Target } from '../api/types.ts';
import { layoutChain, wireOf } from '../lib/chain-layout.ts';
import { addressOf } from '../lib/config-path.ts';
import { plural, rate, relative } from '../lib/format.ts';
import { healthLook } from '../lib/outcome.ts';
import { Badge } from './parts.tsx';
import { useSize } from './use.ts';

interface Line {
  readonly from: number;
  readonly to: number;
  readonly rate: number;
  readonly failed: number;
}

/** The walk as a picture: who is asked, in which order, how each is, and how much takes which way just now. */
export function ChainPicture({ chain }: { chain: Chain }) {
  const { ref, width } = useSize<HTMLDivElement>();
  void pulse.value;
  const at = clock.value;
  const ids = chain.targets;
  const lines = linesOf(ids, at);
  const layout = layoutChain(
    ids.length,
    Math.max(240, width),
    lines.some((line) => line.to > line.from + 1 && line.rate > 0),
  );
  return (
    <div ref={ref} class="chain">
      {width > 0 && (
        <div class="chain-plane" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
          <svg width={layout.width} height={layout.height} aria-hidden="true" focusable="false">
            <defs>
              {['still', 'flow', 'fallback'].map((kind) => (
                <marker
                  key={kind}
                  id={`tip-${kind}`}
                  viewBox="0 0 8 8"
                  refX="1"
                  refY="4"
                  markerWidth="8"
                  markerHeight="8"
                  markerUnits="userSpaceOnUse"
                  orient="auto"
                >
                  <path class={`tip-${kind}`} d="M0 0.5 7 4 0 7.5z" />
                </marker>
              ))}
            </defs>
            {lines.map((line) => (
              <Wire key={`${line.from} ${line.to}`} line={line} layout={layout} />
            ))}
          </svg>
          <div class="chain-caller" style={boxStyle(layout.caller)}>
            callers
          </div>
          <ol>
            {ids.map((id, index) => (
              <li key={id} class="chain-card" style={boxStyle(layout.cards[index])}>
                <Card id={id} position={index} lines={lines} at={at} />
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}

const boxStyle = (box: { x: number; y: number; width: number; height: number } | undefined) =>
  box === undefined
    ? {}
    : { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` };

/** Neighbours are always joined; others when something flows between them. */
function linesOf(ids: readonly string[], at: number): Line[] {
  const lines: Line[] = [];
  for (let from = -1; from < ids.length; from++) {
    for (let to = from + 1; to < ids.length; to++) {
      const flow = flows.of(from < 0 ? 'caller' : (ids[from] ?? ''), ids[to] ?? '', at);
      if (to === from + 1 || flow.rate > 0) lines.push({ from, to, rate: flow.rate, failed: flow.failedRate });
    }
  }
  return lines;
}

function Wire({ line, layout }: { line: Line; layout: ReturnType<typeof layoutChain> }) {
  const { d, label } = wireOf(layout, line.from, line.to);
  const kind = line.rate === 0 ? 'still' : line.from < 0 ? 'flow' : 'fallback';
  const width = line.rate === 0 ? 1.5 : Math.min(6, 1.5 + Math.log2(1 + line.rate) * 0.7);
  const pace = line.rate > 20 ? 'fast' : line.rate > 2 ? 'brisk' : 'calm';
  return (
    <g class={`wire ${kind} ${pace}`}>
      <path d={d} stroke-width={width} marker-end={`url(#tip-${kind})`} fill="none" />
      {line.rate > 0 && <path class="drops" d={d} stroke-width={width} fill="none" />}
      {line.rate > 0 && (
        <text x={label.x} y={label.y} text-anchor="middle">
          {rate(line.rate)}/s
        </text>
      )}
    </g>
  );
}

interface CardProps {
  readonly id: string;
  readonly position: number;
  readonly lines: readonly Line[];
  readonly at: number;
}

function Card({ id, position, lines, at }: CardProps) {
  const target = targets.value.get(id);
  if (target === undefined) return <span class="soft clip">{id}</span>;
  const into = lines.filter((line) => line.to === position);
  const asked = into.reduce((sum, line) => sum + line.rate, 0);
  const failed = into.reduce((sum, line) => sum + line.failed, 0);
  const open = Math.max(target.open, active.value.filter((call) => call.target === id).length);
  return (
    <>
      <div class="row between">
        <Badge look={healthLook(target.state)} />
        <span class="soft small nowrap">{position === 0 ? 'first' : `fallback ${position}`}</span>
      </div>
      <a
        class="strong clip"
        href={addressOf(['providers', 'models', ...entrySegments(target.entry)])}
        title={`${target.model} at ${target.entry}`}
      >
        {target.model}
      </a>
      <div class="soft small clip" title={target.entry}>
        {target.entry} · {plural(target.keys.length, 'key')}
      </div>
      <div class="small clip" title={target.reason ?? undefined}>
        {trouble(target, at) ?? <span class="soft">{activity(asked, failed, open)}</span>}
      </div>
    </>
  );
}

/** `<type>.<alias>`: a type has no dot, an alias may. */
function entrySegments(entry: string): string[] {
  const dot = entry.indexOf('.');
  return dot < 0 ? [entry] : [entry.slice(0, dot), entry.slice(dot + 1)];
}

function activity(asked: number, failed: number, open: number): string {
  if (asked === 0 && open === 0) return 'no traffic';
  const failing = asked > 0 && failed > 0 ? `, ${Math.min(100, Math.round((failed / asked) * 100))} % fail` : '';
  return `${rate(asked)}/s${failing}, ${open} open`;
}

/** What is wrong, for how long still, and why. */
function trouble(target: Target, at: number): string | undefined {
  const sick = target.keys.filter((key) => key.state !== 'healthy');
  if (target.state === 'healthy')
    return sick.length === 0 ? undefined : `${sick.length} of ${target.keys.length} keys ${sick[0]?.state ?? ''}`;
  const until = target.until !== null && target.until > at ? `back ${relative(target.until, at)}` : undefined;
  const reason = target.reason ?? sick.find((key) => key.reason !== null)?.reason ?? undefined;
  return [until, reason].filter((part) => part !== undefined).join(' · ') || healthLook(target.state).text;
}
