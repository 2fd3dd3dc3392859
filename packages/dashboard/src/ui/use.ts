import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, messageOf } from '../api/client.ts';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: string | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** What a GET answers. `undefined` as path asks nothing. The last good answer stays while the next one is fetched. */
export function useAnswer<T>(path: string | undefined, again: unknown = 0): Loaded<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: string; loading: boolean }>({ loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const abort = new AbortController();
    setState((before) => (before.path === path ? { ...before, loading: true } : { path, loading: true }));
    ask<T>(path, { signal: abort.signal }).then(
      (data) => setState({ path, data, loading: false }),
      (error: unknown) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, path, error: messageOf(error), loading: false }));
      },
    );
    return () => abort.abort();
  }, [path, turn, again]);
  const reload = useCallback(() => setTurn((value) => value + 1), []);
  return { data: state.data, error: state.error, loading: state.loading, reload };
}

/** The size of an element, followed. */
export function useSize<E extends HTMLElement>(): { ref: preact.RefObject<E | null>; width: number; height: number } {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const box = entry?.contentRect;
      if (box !== undefined) setSize({ width: Math.round(box.width), height: Math.round(box.height) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}

/** An action with its "under way" and its refusal. */
export function useAction<A extends unknown[]>(run: (...args: A) => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | undefined>(undefined);
  const start = async (...args: A): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await run(...args);
    } catch (thrown) {
      setError(messageOf(thrown));
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, clear: () => setError(undefined), start };
}

/** A pointer that moved this lately is on its way to something, milliseconds. */
const AIMING_MS = 1_500;

/**
 * Handlers for a list that changes by itself: while a mouse moves over it, or has it pressed, the list has to keep still,
 * or the click meets another row than its user aimed at.
 */
export function useStill(onChange: (isStill: boolean) => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const isStill = useRef(false);
  const set = (next: boolean): void => {
    if (isStill.current === next) return;
    isStill.current = next;
    onChange(next);
  };
  const end = (): void => {
    clearTimeout(timer.current);
    set(false);
  };
  const aim = (event: PointerEvent): void => {
    if (event.pointerType !== 'mouse') return;
    set(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(end, AIMING_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return { onPointerMove: aim, onPointerDown: aim, onPointerLeave: end };
}
