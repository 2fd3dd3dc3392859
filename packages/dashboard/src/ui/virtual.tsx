import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { visibleRows } from '../lib/window.ts';

export interface VirtualProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly label: string;
  /** Head of the table, in the scrolled box so that it follows sideways. */
  readonly head?: ComponentChildren;
  readonly row: (index: number) => ComponentChildren;
  /** The row that has to be in sight. */
  readonly focused?: number | undefined;
  readonly onTop?: (isAtTop: boolean) => void;
  readonly onEnd?: () => void;
  readonly columns: number;
}

/** A list of any length of which only the rows in sight exist. */
export function Virtual({ count, rowHeight, label, head, row, focused, onTop, onEnd, columns }: VirtualProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const frame = useRef(0);
  const read = (): void => {
    const element = box.current;
    if (element === null) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    onTop?.(element.scrollTop < rowHeight / 2);
    if (element.scrollTop + element.clientHeight > element.scrollHeight - rowHeight * 20) onEnd?.();
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, [rowHeight]);
  useEffect(() => {
    const element = box.current;
    if (element === null || focused === undefined || focused < 0) return;
    const top = focused * rowHeight;
    const headHeight = element.querySelector<HTMLElement>('.list-head')?.offsetHeight ?? 0;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight + headHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight + headHeight - element.clientHeight;
  }, [focused]);
  const { from, to } = visibleRows(view.top, view.height, rowHeight, count);
  const rows: ComponentChildren[] = [];
  for (let index = from; index < to; index++) {
    // Elements are taken again for other rows: making new ones for hundreds of arrivals a second would cost frames.
    rows.push(
      <div
        key={index % (to - from)}
        class="list-slot"
        role="presentation"
        style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
      >
        {row(index)}
      </div>,
    );
  }
  return (
    <div
      ref={box}
      class="list"
      role="table"
      aria-label={label}
      aria-rowcount={count}
      aria-colcount={columns}
      tabIndex={0}
      onScroll={() => {
        cancelAnimationFrame(frame.current);
        frame.current = requestAnimationFrame(read);
      }}
    >
      {head}
      <div class="list-plane" role="rowgroup" style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}
