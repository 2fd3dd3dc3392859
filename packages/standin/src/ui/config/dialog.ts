import type { ApplyAnswer, Change, CheckAnswer, Issue } from '@standin/dashboard/api/config-types';
import { GatewayError } from '../gateway/client.ts';
import type { Area, Canvas } from '../screen/canvas.ts';
import { drawLine, lineOf, typed, type Line } from '../screen/input.ts';
import type { Key } from '../screen/keys.ts';
import { BOLD, CYAN, DIM, GREEN, PLAIN, RED, REVERSE, YELLOW } from '../screen/style.ts';
import { wrap } from '../../cli/terminal-text.ts';
import type { Hint } from '../panes/pane.ts';

/** One thing that is asked. */
export interface Question {
  readonly name: string;
  readonly preset?: string;
  /** One of these; chosen, not typed. */
  readonly choices?: readonly string[];
  /** What is typed is never seen. */
  readonly secret?: boolean;
  readonly hint?: string;
}

/** Answers → changes; a text: what is still missing. */
export type Compose = (answers: Readonly<Record<string, string>>) => readonly Change[] | string;

export interface DialogOptions {
  readonly title: string;
  /** Said above the questions. */
  readonly notes: readonly string[];
  /** None: straight to what would be done. */
  readonly questions: readonly Question[];
  readonly compose: Compose;
  readonly check: (changes: readonly Change[]) => Promise<CheckAnswer>;
  readonly apply: (changes: readonly Change[], hash: string) => Promise<ApplyAnswer>;
  readonly onDone: (applied: ApplyAnswer) => void;
  readonly onCancel: () => void;
  readonly redraw: () => void;
}

/** Asks, checks, shows what would change in the file, and writes it. Whatever is refused, what was typed stays. */
export interface Dialog {
  draw(canvas: Canvas, area: Area): void;
  key(key: Key): void;
  hints(): readonly Hint[];
}

type Step = 'asking' | 'checking' | 'review' | 'writing';

export function openDialog(options: DialogOptions): Dialog {
  const { title, notes, questions, compose, check, apply, onDone, onCancel, redraw } = options;
  const lines: Line[] = questions.map(({ preset = '' }) => lineOf(preset));
  let at = 0;
  let step: Step = 'asking';
  let problems: readonly string[] = [];
  let checked: CheckAnswer | undefined;
  let changes: readonly Change[] = [];
  let scrolled = 0;
  let isClosed = false;

  const answers = (): Record<string, string> =>
    Object.fromEntries(questions.map(({ name }, index) => [name, lines[index]?.text ?? '']));
  const refused = (error: unknown): void => {
    step = 'asking';
    const { message } = error as Error;
    const issues = error instanceof GatewayError ? error.issues : [];
    problems = issues.length > 0 ? issues.map(issueText) : [message];
    if (error instanceof GatewayError && error.code === 'config_changed')
      problems = [message, 'What you typed is kept: Enter checks it against the file as it is now.'];
    if (error instanceof GatewayError && error.code === 'unreachable')
      problems = ['The gateway went away. What you typed is kept; Enter tries again.'];
    redraw();
  };
  const submit = (): void => {
    const composed = compose(answers());
    if (typeof composed === 'string') {
      problems = [composed];
      return;
    }
    changes = composed;
    problems = [];
    step = 'checking';
    check(changes).then((answer) => {
      if (isClosed) return;
      checked = answer;
      scrolled = 0;
      step = answer.ok && answer.changed ? 'review' : 'asking';
      if (!answer.ok) problems = answer.issues.filter(({ level }) => level === 'error').map(issueText);
      else if (!answer.changed) problems = ['The file says so already; nothing would change.'];
      redraw();
    }, refused);
  };
  const write = (): void => {
    step = 'writing';
    apply(changes, checked?.hash ?? '').then((answer) => {
      isClosed = true;
      onDone(answer);
    }, refused);
  };
  const cancel = (): void => {
    isClosed = true;
    onCancel();
  };
  if (questions.length === 0) submit();

  const askingKey = (key: Key): void => {
    const question = questions[at];
    const isLast = at >= questions.length - 1;
    if (key.name === 'escape') return cancel();
    if (key.name === 'enter' && isLast) return submit();
    if (question === undefined) return;
    const line = lines[at] ?? lineOf('');
    if (question.choices !== undefined && ['up', 'down', 'left', 'right', 'j', 'k', ' '].includes(key.name)) {
      const back = ['up', 'left', 'k'].includes(key.name);
      lines[at] = lineOf(nextOf(question.choices, line.text, back ? -1 : 1));
      problems = [];
    } else if (['enter', 'down', 'tab'].includes(key.name)) at = (at + 1) % questions.length;
    else if (['up', 'shift-tab'].includes(key.name)) at = (at + questions.length - 1) % questions.length;
    else if (question.choices === undefined) {
      const next = typed(line, key);
      if (next === undefined) return;
      if (next.text !== line.text) problems = [];
      lines[at] = next;
    }
  };
  const reviewKey = ({ name }: Key): void => {
    if (name === 'escape' || name === 'n') {
      if (questions.length === 0) cancel();
      else step = 'asking';
    } else if (name === 'enter' || name === 'y') write();
    else if (name === 'down' || name === 'j') scrolled++;
    else if (name === 'up' || name === 'k') scrolled = Math.max(0, scrolled - 1);
  };

  return {
    key(key) {
      if (step === 'asking') askingKey(key);
      else if (step === 'review') reviewKey(key);
      else if (key.name === 'escape' && step === 'checking') cancel();
    },
    hints() {
      if (step === 'review')
        return [
          ['Enter', 'write it'],
          ['Esc', questions.length === 0 ? 'leave it' : 'back'],
          ['↑↓', 'scroll'],
        ];
      if (step !== 'asking') return [];
      const isChoice = questions[at]?.choices !== undefined;
      return [
        ['Enter', at >= questions.length - 1 ? 'check it' : 'next'],
        ...(isChoice ? ([['↑↓', 'choose']] as const) : []),
        ...(questions.length > 1 ? ([['Tab', 'next field']] as const) : []),
        ['Esc', 'cancel'],
      ];
    },
    draw(canvas, area) {
      const width = Math.min(area.width, 100);
      const box = { x: area.x + Math.floor((area.width - width) / 2), y: area.y, width, height: area.height };
      canvas.blank(box);
      const inside = canvas.frame(box, title, BOLD);
      const inner = { ...inside, x: inside.x + 1, width: inside.width - 2 };
      let y = inner.y;
      const end = inner.y + inner.height;
      const say = (text: string, look = PLAIN, most = 6): void => {
        for (const line of wrap(text, inner.width, most))
          if (y < end) canvas.put(inner.x, y++, line, look, inner.width);
      };
      if (step === 'review' || step === 'writing') return drawReview(canvas, inner, say, () => y);
      for (const note of notes) say(note, DIM, 4);
      if (notes.length > 0) y++;
      // The fields around the one that is filled in.
      const room = Math.max(1, Math.min(questions.length, end - y - Math.min(8, problems.length * 2 + 2)));
      const from = Math.max(0, Math.min(at - room + 1, questions.length - room));
      questions.slice(from, from + room).forEach((question, offset) => {
        const index = from + offset;
        drawQuestion(canvas, { ...inner, y: y++, height: 1 }, question, lines[index] ?? lineOf(''), index === at);
      });
      const choices = questions[at]?.choices;
      if (choices !== undefined) say(`one of: ${choices.join(', ')}`, DIM, 3);
      const hint = questions[at]?.hint;
      if (hint !== undefined) say(hint, DIM, 3);
      y++;
      if (step === 'checking') say('Checking …', DIM);
      problems.forEach((problem, index) => say(`${index === 0 ? 'Refused: ' : ''}${problem}`, RED | BOLD, 5));
      if (problems.length > 0) say('Nothing was written; what you typed is still there.', DIM);
    },
  };

  function drawReview(
    canvas: Canvas,
    inner: Area,
    say: (text: string, look?: number, most?: number) => void,
    row: () => number,
  ): void {
    say(step === 'writing' ? 'Writing …' : 'This is what changes in the file. Enter writes it.', BOLD);
    for (const issue of checked?.issues ?? []) say(`${issue.level}: ${issueText(issue)}`, YELLOW, 4);
    const diff = (checked?.diff ?? '').split('\n').filter((line, index) => index > 1 && line !== '');
    const room = inner.y + inner.height - row() - 1;
    scrolled = Math.max(0, Math.min(scrolled, diff.length - room));
    diff.slice(scrolled, scrolled + room).forEach((line, index) => {
      const look = line.startsWith('+') ? GREEN : line.startsWith('-') ? RED : line.startsWith('@') ? CYAN : DIM;
      canvas.put(inner.x, row() + 1 + index, line, look, inner.width);
    });
  }
}

function drawQuestion(canvas: Canvas, { x, y, width }: Area, question: Question, line: Line, isAt: boolean): void {
  const label = Math.min(24, Math.max(8, Math.floor(width / 3)));
  canvas.put(x, y, isAt ? canvas.glyphs.pointer : ' ');
  canvas.put(x + 2, y, question.name, isAt ? BOLD : PLAIN, label - 3);
  const place = { x: x + label, width: width - label };
  if (question.choices !== undefined) {
    const text = line.text === '' ? 'choose' : line.text;
    canvas.put(place.x, y, ` ${text} `, isAt ? REVERSE : line.text === '' ? DIM : PLAIN, place.width);
  } else if (isAt) drawLine(canvas, place.x, y, place.width, line, { masked: question.secret === true });
  else
    canvas.put(place.x, y, question.secret === true && line.text !== '' ? '••••••••' : line.text, PLAIN, place.width);
}

function nextOf(choices: readonly string[], now: string, step: number): string {
  const index = choices.indexOf(now);
  if (index < 0) return choices[step > 0 ? 0 : choices.length - 1] ?? '';
  return choices[(index + step + choices.length) % choices.length] ?? '';
}

function issueText({ path, message, suggestion }: Issue): string {
  const where = path === null || path === undefined || path === '' ? '' : `${path}: `;
  return `${where}${message}${suggestion === null || suggestion === undefined ? '' : ` (${suggestion})`}`;
}
