import { useEffect, useRef, useState } from 'preact/hooks';
import type { Turn } from '../lib/chat.ts';
import { Empty, Panel } from '../ui/parts.tsx';
import { TextView } from '../ui/text-view.tsx';
import { growing, trySend, turns } from './playground-state.ts';

export function Conversation() {
  const all = growing.value === undefined ? turns.value : [...turns.value, growing.value];
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Follows the answer, but only a reader who is at its end already.
    const box = end.current;
    if (box !== null && box.getBoundingClientRect().top < innerHeight + 200) box.scrollIntoView({ block: 'nearest' });
  }, [growing.value]);
  if (all.length === 0)
    return (
      <Panel>
        <Empty title="Ask something">
          <p>It goes the way your callers' requests go: the same walk, the same limits, the same ledger.</p>
        </Empty>
      </Panel>
    );
  return (
    <div>
      <ol class="conversation" aria-label="Conversation">
        {all.map((turn, index) => (
          <li key={index} class={`turn ${turn.role}`}>
            <TurnView
              turn={turn}
              isGrowing={index === all.length - 1 && growing.value !== undefined}
              isLast={index === turns.value.length - 1}
            />
          </li>
        ))}
      </ol>
      <div ref={end} />
    </div>
  );
}

function TurnView({ turn, isGrowing, isLast }: { turn: Turn; isGrowing: boolean; isLast: boolean }) {
  if (turn.role === 'tool')
    return (
      <>
        <h2 class="small">Result of {turn.name}</h2>
        <TextView text={turn.text} label="Tool result" />
      </>
    );
  if (turn.role === 'user')
    return (
      <>
        <h2 class="small">You</h2>
        {turn.text !== '' && <TextView text={turn.text} label="What you asked" />}
        <div class="row wrap">
          {turn.images.map((image, index) => (
            <img key={index} class="thumb" src={image} alt={`Attached ${index + 1}`} />
          ))}
        </div>
      </>
    );
  return (
    <>
      <h2 class="small">Answer{isGrowing && <span class="soft"> …</span>}</h2>
      {turn.reasoning !== '' && (
        <details>
          <summary class="soft small">Thinking ({turn.reasoning.length.toLocaleString('en')} characters)</summary>
          <TextView text={turn.reasoning} label="Thinking" />
        </details>
      )}
      {turn.text !== '' && <TextView text={turn.text} label="Answer" />}
      {turn.calls.length > 0 && <Calls calls={turn.calls} isOpen={isLast && !isGrowing} />}
    </>
  );
}

function Calls({ calls, isOpen }: { calls: Extract<Turn, { role: 'assistant' }>['calls']; isOpen: boolean }) {
  const [results, setResults] = useState<Readonly<Record<string, string>>>({});
  return (
    <div class="stack tight">
      {calls.map((call, index) => {
        const id = call.id === '' ? `call_${index}` : call.id;
        return (
          <div key={id} class="tool-call stack tight">
            <div>
              Calls <code class="strong">{call.name}</code>
            </div>
            <TextView text={call.arguments === '' ? '{}' : call.arguments} label={`Arguments of ${call.name}`} />
            {isOpen && (
              <div class="field">
                <label for={`result-${id}`}>Its result, by you</label>
                <textarea
                  id={`result-${id}`}
                  class="input mono"
                  rows={2}
                  spellcheck={false}
                  value={results[id] ?? ''}
                  onInput={(event) => setResults({ ...results, [id]: event.currentTarget.value })}
                />
              </div>
            )}
          </div>
        );
      })}
      {isOpen && (
        <div>
          <button
            type="button"
            class="button main-action"
            onClick={() =>
              void trySend(
                calls.map((call, index) => {
                  const id = call.id === '' ? `call_${index}` : call.id;
                  return { role: 'tool', callId: id, name: call.name, text: results[id] ?? '' };
                }),
              )
            }
          >
            Send {calls.length === 1 ? 'the result' : 'the results'}
          </button>
        </div>
      )}
    </div>
  );
}
