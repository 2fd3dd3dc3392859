import { formatPath } from '@standin/core/config/path';
import { allVendors } from '@standin/core/vendors/lookup';
import type { ApplyAnswer } from '@standin/dashboard/api/config-types';
import { additionOf, editOf, removalOf, renamingOf, type Edit } from '../config/edits.ts';
import { openDialog, type Dialog } from '../config/dialog.ts';
import type { ConfigStore } from '../config/store.ts';
import { fieldsOf, placesOf, type Field, type Place } from '../config/tree.ts';
import { drawFieldList, drawFieldNotes, drawPlaces } from '../config/view.ts';
import type { Area, Canvas } from '../screen/canvas.ts';
import type { Key } from '../screen/keys.ts';
import { FIRST, kept, moved, type ListPlace } from '../screen/list.ts';
import { BOLD, DIM, RED, YELLOW } from '../screen/style.ts';
import { wrap } from '../../cli/terminal-text.ts';
import type { Hint, Pane, Surroundings } from './pane.ts';

const NOTES_ROWS = 5;
const SLOTS = allVendors().map(({ id }) => id);

/** The section tree, the fields of a place, and dialogs that change them. */
export function createConfigPane(store: ConfigStore, { link, redraw, say }: Surroundings): Pane {
  const closed = new Set<string>();
  let place: ListPlace = FIRST;
  let field: ListPlace = FIRST;
  let isInFields = false;
  /** A field that becomes set moves up; the selection goes with it. */
  let edited: string | undefined;
  let editedIn: ConfigStore['values'];
  let dialog: Dialog | undefined;
  let rows = { places: 10, fields: 10 };
  let loadedAt: string | undefined;

  const places = (): readonly Place[] => (store.values === undefined ? [] : placesOf(store.values, closed));
  const current = (): Place | undefined => places()[place.selected];
  const fields = (): readonly Field[] => {
    const at = current();
    return at === undefined || store.values === undefined ? [] : fieldsOf(at.path, at.node, store.values);
  };

  const open = (edit: Edit): void => {
    const { source, answer } = store;
    if (source === undefined || answer === undefined) return say('The config could not be read.', 'bad');
    if (!answer.editable) return say(answer.notEditable ?? 'This config cannot be edited here.', 'bad');
    dialog = openDialog({
      ...edit,
      check: (changes) => (store.source ?? source).check(changes),
      apply: (changes, hash) => (store.source ?? source).apply(changes, hash),
      ...ends(),
    });
  };
  const ends = () => ({
    redraw,
    onCancel: () => {
      dialog = undefined;
      say('Nothing was changed.');
    },
    onDone: (applied: ApplyAnswer) => {
      dialog = undefined;
      const warned = applied.issues.length === 0 ? '' : ` (${applied.issues.length} warnings)`;
      const force = store.source?.kind === 'gateway' ? ', in force from the next call on' : '';
      say(`Written${force}${warned}; u takes it back.`, 'good');
      store.refresh();
    },
  });
  const undo = (): void => {
    const { source, answer } = store;
    if (source === undefined || answer === undefined) return;
    source.history().then(
      ([newest]) => {
        if (newest === undefined || !newest.undoable)
          return say(
            newest === undefined
              ? 'No edit was made here yet.'
              : 'The file was changed since; nothing can be taken back.',
            'bad',
          );
        dialog = openDialog({
          title: `Take back: ${newest.summary.join(', ')}`,
          notes: [],
          questions: [],
          compose: () => [],
          check: async () => ({
            ok: true,
            changed: true,
            issues: [],
            diff: reversed(newest.diff),
            hash: answer.hash ?? '',
          }),
          apply: (_changes, hash) => source.undo(newest.id, hash),
          ...ends(),
        });
        redraw();
      },
      (error: unknown) => say((error as Error).message, 'bad'),
    );
  };

  const placesKey = ({ name }: Key): boolean => {
    const at = current();
    const list = places();
    const next = moved(place, name, list.length, rows.places);
    if (next !== undefined) {
      if (next.selected !== place.selected) field = FIRST;
      place = next;
      return true;
    }
    if (at === undefined) return false;
    const path = formatPath(at.path);
    switch (name) {
      case 'enter':
      case 'right':
      case 'l':
        if (closed.delete(path)) return true;
        if (fields().length > 0) isInFields = true;
        return true;
      case 'left':
      case 'h':
        if (at.hasChildren && !closed.has(path)) closed.add(path);
        else {
          const parent = list.findLastIndex((one, index) => index < place.selected && one.depth < at.depth);
          if (parent >= 0) place = kept({ ...place, selected: parent }, list.length, rows.places);
        }
        return true;
      case ' ':
        if (!closed.delete(path) && at.hasChildren) closed.add(path);
        return true;
      default:
        return placeAction(name, at);
    }
  };
  const placeAction = (name: string, at: Place): boolean => {
    const isAlias =
      (at.path[0] === 'agents' && at.path.length === 2) || (at.path[0] === 'providers' && at.path.length === 4);
    const { values } = store;
    switch (name) {
      case 'n': {
        const edit = values === undefined ? undefined : additionOf(at, values, SLOTS);
        if (edit === undefined) say('Nothing can be added here; go to a place that is marked with +.');
        else open(edit);
        return true;
      }
      case 'd':
      case 'delete':
        open(removalOf(at.path));
        return true;
      case 'r':
        if (isAlias) open(renamingOf(at.path));
        else say('Only entries and agents have an alias.');
        return true;
      default:
        return false;
    }
  };
  const fieldsKey = ({ name }: Key): boolean => {
    const list = fields();
    const next = moved(field, name, list.length, rows.fields);
    if (next !== undefined) {
      field = next;
      return true;
    }
    const at = list[field.selected];
    switch (name) {
      case 'escape':
      case 'left':
      case 'h':
        isInFields = false;
        return true;
      case 'enter':
      case 'e':
      case 'right':
        if (at !== undefined) {
          edited = formatPath(at.path);
          editedIn = store.values;
          open(editOf(at));
        }
        return true;
      case 'd':
      case 'delete':
        if (at?.value?.set === true) open(removalOf(at.path));
        else say('It is not set.');
        return true;
      default: {
        const parent = current();
        return name === 'n' && parent !== undefined && placeAction(name, parent);
      }
    }
  };

  return {
    title: 'Config',
    get isTyping() {
      return dialog !== undefined;
    },
    key(key) {
      if (dialog !== undefined) {
        dialog.key(key);
        return true;
      }
      if (key.name === 'u') undo();
      else if (key.name === 'R') store.refresh();
      else return isInFields ? fieldsKey(key) : placesKey(key);
      return true;
    },
    linked() {
      const { state } = link;
      const next = state.kind === 'live' ? `${state.status.config?.loadedAt} ${state.status.config?.refused}` : 'away';
      if (next === loadedAt) return;
      loadedAt = next;
      store.refresh();
    },
    hints() {
      if (dialog !== undefined) return dialog.hints();
      if (isInFields)
        return [
          ['Enter', 'edit'],
          ['d', 'remove'],
          ['u', 'undo'],
          ['Esc', 'back'],
        ];
      const at = current();
      const hints: Hint[] = [['Enter', 'fields']];
      if (at?.isOpen === true) hints.push(['n', 'new']);
      if (at !== undefined && at.path.length > 1) hints.push(['d', 'remove']);
      return [...hints, ['r', 'rename'], ['u', 'undo']];
    },
    draw(canvas, area) {
      const { answer, failure } = store;
      if (answer === undefined) {
        const text = failure ?? 'Reading the config …';
        wrap(text, area.width - 2, area.height).forEach((line, index) =>
          canvas.put(area.x + 1, area.y + index, line, failure === undefined ? DIM : RED | BOLD),
        );
        return;
      }
      let top = area.y;
      for (const line of headOf(store, area.width - 2))
        canvas.put(area.x + 1, top++, line.text, line.look, area.width - 2);
      const body = { ...area, y: top, height: area.y + area.height - top };
      drawBody(canvas, body);
      dialog?.draw(canvas, body);
    },
  };

  function drawBody(canvas: Canvas, area: Area): void {
    const width = area.width >= 120 ? 42 : Math.max(22, Math.floor(area.width / 3));
    const left = { ...area, width };
    const right = { ...area, x: area.x + width, width: area.width - width };
    const list = places();
    const insideLeft = canvas.frame(left, 'Sections', isInFields ? DIM : BOLD);
    const at = current();
    const insideRight = canvas.frame(right, at === undefined ? '' : formatPath(at.path), isInFields ? BOLD : DIM);
    rows = { places: insideLeft.height, fields: Math.max(1, insideRight.height - NOTES_ROWS) };
    place = kept(place, list.length, rows.places);
    const items = fields();
    if (edited !== undefined && store.values !== editedIn) {
      const index = items.findIndex(({ path }) => formatPath(path) === edited);
      if (index >= 0) field = { ...field, selected: index };
      edited = undefined;
    }
    field = kept(field, items.length, rows.fields);
    if (items.length === 0) isInFields = false;
    drawPlaces(canvas, insideLeft, list, place, { closed, isActive: !isInFields });
    const upper = { ...insideRight, height: rows.fields };
    drawFieldList(canvas, upper, items, field, isInFields, at);
    const notes = { ...insideRight, y: insideRight.y + rows.fields, height: NOTES_ROWS };
    drawFieldNotes(canvas, notes, isInFields || items.length > 0 ? items[field.selected] : undefined, at);
  }
}

/** What taking an edit back does. */
function reversed(diff: string): string {
  const turn = (line: string): string =>
    line.startsWith('+') ? `-${line.slice(1)}` : line.startsWith('-') ? `+${line.slice(1)}` : line;
  const [from = '', to = '', ...lines] = diff.split('\n');
  return [from, to, ...lines.map(turn)].join('\n');
}

function headOf({ answer, failure, source }: ConfigStore, width: number): { text: string; look: number }[] {
  if (answer === undefined) return [];
  const where = answer.file ?? 'no config file: values of the environment';
  const by = source?.kind === 'gateway' ? 'in force in the gateway' : 'read from disk';
  const lines = [{ text: `${where} (${by})`, look: DIM }];
  const say = (text: string, look: number): void => {
    for (const line of wrap(text, width, 2)) lines.push({ text: line, look });
  };
  if (failure !== undefined) say(`Not read again: ${failure}`, RED | BOLD);
  if (answer.refused !== null) say(`The file was changed, and refused: ${answer.refused}`, RED | BOLD);
  if (!answer.editable) say(answer.notEditable ?? '', YELLOW);
  const errors = answer.issues.filter(({ level }) => level === 'error');
  const first = errors[0] ?? answer.issues.find(({ level }) => level === 'warning');
  if (first !== undefined) {
    const more = answer.issues.length > 1 ? ` (and ${answer.issues.length - 1} more: standin config validate)` : '';
    say(`${first.level}: ${first.path ?? ''} ${first.message}${more}`, errors.length > 0 ? RED | BOLD : YELLOW);
  }
  return lines;
}
