import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { resolvedTheme } from '../theme.ts';
import { useSize } from './use.ts';

export interface Line {
  readonly label: string;
  /** Name of a CSS variable. */
  readonly color: string;
  readonly fill?: boolean;
  readonly dash?: boolean;
  readonly show: (value: number | null) => string;
}

export interface ChartProps {
  readonly title: string;
  /** Unix seconds, then one list for each line. */
  readonly data: readonly (readonly (number | null)[])[];
  readonly lines: readonly Line[];
  readonly height?: number;
  /** Text of the values at the axis. */
  readonly axis: (value: number) => string;
  /** What the picture shows, in words. */
  readonly summary: string;
  readonly log?: boolean;
}

/** A time series. The numbers of the moment are in the text beside it; the picture shows how they came about. */
export function Chart({ title, data, lines, height = 150, axis, summary, log = false }: ChartProps) {
  const { ref, width } = useSize<HTMLDivElement>();
  const plot = useRef<uPlot | undefined>(undefined);
  const theme = resolvedTheme.value;
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const box = ref.current;
    if (box === null || width < 40) return undefined;
    const made = new uPlot(optionsOf({ width, height, lines, axis, log }, box), data as uPlot.AlignedData, box);
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
    // Made anew when its colours or its width change, which is seldom.
  }, [width, theme, height]);
  useEffect(() => plot.current?.setData(data as uPlot.AlignedData), [data]);
  return (
    <figure class="chart">
      <figcaption class="row between">
        <h3>{title}</h3>
        <span class="row wrap legend" aria-hidden="true">
          {lines.map(({ label, color, dash }) => (
            <span key={label} class="row">
              <Swatch color={color} dash={dash === true} />
              {label}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={ref} class="plot" role="img" aria-label={summary} />
    </figure>
  );
}

function Swatch({ color, dash }: { color: string; dash: boolean }) {
  return (
    <svg width="16" height="8" aria-hidden="true">
      <line
        x1="0"
        x2="16"
        y1="4"
        y2="4"
        stroke={`var(${color})`}
        stroke-width="2"
        stroke-dasharray={dash ? '4 3' : undefined}
      />
    </svg>
  );
}

type Look = Pick<ChartProps, 'lines' | 'axis' | 'log'> & { width: number; height: number };

function optionsOf({ width, height, lines, axis, log }: Look, box: HTMLElement): uPlot.Options {
  // A probe element, because variables with light-dark() resolve only in a property of colour.
  const probe = document.createElement('span');
  box.append(probe);
  const colorOf = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const grid = colorOf('--line');
  const text = colorOf('--text-soft');
  const font = `11px ${getComputedStyle(box).fontFamily}`;
  const options: uPlot.Options = {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [8, 28, 0, 0],
    scales: { x: { time: true }, y: log ? { distr: 3, log: 10 } : { range: (_plot, _min, max) => [0, niceTop(max)] } },
    axes: [
      {
        stroke: text,
        font,
        size: 24,
        gap: 4,
        space: 84,
        grid: { show: false },
        ticks: { show: false },
        values: (_plot, splits, _axis, _space, step) => splits.map((at) => timeText(at, step < 60)),
      },
      {
        stroke: text,
        font,
        size: 52,
        gap: 6,
        space: 32,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((value) => axis(value)),
      },
    ],
    series: [
      {},
      ...lines.map((line) => {
        const stroke = colorOf(line.color);
        return {
          label: line.label,
          stroke,
          width: 1.5,
          points: { show: false },
          spanGaps: false,
          ...(line.fill === true ? { fill: stroke.replace('rgb(', 'rgba(').replace(')', ', 0.12)') } : {}),
          ...(line.dash === true ? { dash: [4, 3] } : {}),
        };
      }),
    ],
    hooks: { setCursor: [(plot) => showTip(plot, lines)] },
  };
  probe.remove();
  return options;
}

const niceTop = (max: number | null): number => (max === null || max <= 0 ? 1 : max * 1.1);
const timeText = (seconds: number, isFine: boolean): string =>
  new Date(seconds * 1_000).toLocaleTimeString('en-GB').slice(0, isFine ? 8 : 5);

function showTip(plot: uPlot, lines: readonly Line[]): void {
  let tip = plot.over.querySelector<HTMLElement>('.tip');
  if (tip === null) {
    tip = document.createElement('div');
    tip.className = 'tip';
    plot.over.append(tip);
  }
  const at = plot.cursor.idx;
  const left = plot.cursor.left ?? -1;
  tip.hidden = at === null || at === undefined || left < 0;
  if (at === null || at === undefined || left < 0) return;
  const seconds = plot.data[0][at] ?? 0;
  const values = lines.map((line, index) => `${line.label} ${line.show(plot.data[index + 1]?.[at] ?? null)}`);
  tip.textContent = [new Date(seconds * 1_000).toLocaleTimeString('en-GB'), ...values].join('\n');
  tip.style.transform = `translate(${left > plot.over.clientWidth / 2 ? left - tip.offsetWidth - 10 : left + 10}px, 4px)`;
}
