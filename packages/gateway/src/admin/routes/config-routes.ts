import { z } from 'zod';
import { configJsonSchema } from '@standin/core/config/json-schema';
import { rootNode } from '@standin/core/config/schema/walk';
import type { JsonObject } from '@standin/core/spec/json';
import { allVendors } from '@standin/core/vendors/lookup';
import { CHANGE } from '../config/changes.ts';
import { editorOf, type Applied } from '../config/editor.ts';
import { shownConfig, shownHistory, shownIssue, shownNode } from '../config/show.ts';
import { AdminError, adminRoute, unavailable, type AdminRoute } from '../route.ts';
import { count, text, timeMs } from '../schemas.ts';

const name = text.nullable();

const ISSUE = z.strictObject({
  level: z.enum(['error', 'warning', 'note']),
  path: name,
  line: z.number().nullable(),
  message: text,
  suggestion: name,
});

const VALUE = z.strictObject({
  path: text,
  value: z.unknown().describe('any JSON; null for a secret'),
  source: z.strictObject({
    kind: z.enum(['file', 'variable', 'flag', 'build', 'catalog', 'default']),
    line: z.number().nullable(),
    name,
    variables: z.array(text),
  }),
  secret: z.boolean(),
  set: z.boolean(),
  overridden: z.boolean().describe('what the file says does not hold'),
  fingerprints: z.array(text).optional(),
});

const CONFIG = z.strictObject({
  file: name,
  editable: z.boolean(),
  notEditable: name,
  hash: text,
  dialect: text,
  refused: name,
  sections: z.array(z.strictObject({ path: text, kind: z.enum(['entry', 'agent', 'section']) })),
  values: z.array(VALUE),
  issues: z.array(ISSUE),
  history: count,
});

const SLOT = z.strictObject({
  id: text,
  name: text,
  keyVariables: z.array(text),
  keyRequired: z.boolean(),
  defaultModel: name,
  endpoints: z.array(text),
});

const APPLIED = z.strictObject({ changed: z.boolean(), issues: z.array(ISSUE), diff: text, hash: text, undo: name });

const CHANGES = z.array(CHANGE).min(1).max(200);

const ERRORS = {
  404: 'There is no config file that can be edited.',
  409: 'The file is not the one of hash.',
  422: 'The edit is refused; issues says why.',
};

export const CONFIG_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/config',
    summary: 'The config in force: every value with its source; of secrets only whether they are set.',
    answers: { 200: CONFIG },
    run({ admin, context }) {
      const { config: handle } = admin.options;
      if (handle === undefined) throw unavailable('a config that can be looked at');
      const refused = context.configState()?.['refused'];
      return {
        body: shownConfig(handle.current(), editorOf(admin.editor), typeof refused === 'string' ? refused : null),
      };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/config/schema',
    summary: 'What may stand in a config: types, defaults, descriptions, which values are secrets; and the vendors.',
    answers: {
      200: z.strictObject({ root: z.looseObject({ type: text }), slots: z.array(SLOT), jsonSchema: z.looseObject({}) }),
    },
    run: () => ({
      body: {
        root: shownNode(rootNode),
        slots: allVendors().map((row) => ({
          id: row.id,
          name: row.name,
          keyVariables: [...row.keyVariables],
          keyRequired: row.keyRequired,
          defaultModel: row.defaultModel ?? null,
          endpoints: Object.keys(row.endpoints),
        })),
        jsonSchema: configJsonSchema() as JsonObject,
      },
    }),
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/config/check',
    summary: 'What changes would do: the diff of the file, and why they would be refused. Nothing is written.',
    body: z.strictObject({ hash: text.optional(), changes: CHANGES }),
    answers: { 200: APPLIED.omit({ undo: true }).extend({ ok: z.boolean() }) },
    errors: ERRORS,
    run({ admin, body }) {
      const checked = editorOf(admin.editor).check(body.changes);
      if (body.hash !== undefined && body.hash !== checked.hash)
        throw new AdminError(409, 'config_changed', 'The config file has changed; load it again.');
      return { body: { ...checked, issues: checked.issues.map(shownIssue) } };
    },
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/config/apply',
    summary: 'Changes the file, comments and layout kept; the running gateway uses it from its next call on.',
    body: z.strictObject({ hash: text, changes: CHANGES }),
    answers: { 200: APPLIED },
    errors: ERRORS,
    async run({ admin, body, context }) {
      const applied = await editorOf(admin.editor).apply(body.changes, body.hash);
      if (applied.changed)
        context.log('info', 'Config changed by an operator', { changes: body.changes.map(({ path }) => path) });
      return { body: shown(applied) };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/config/history',
    summary: 'Edits made here, newest first; the newest can be undone.',
    answers: {
      200: z.strictObject({
        data: z.array(
          z.strictObject({ id: text, at: timeMs, summary: z.array(text), diff: text, undoable: z.boolean() }),
        ),
      }),
    },
    run: ({ admin }) => ({ body: { data: shownHistory(editorOf(admin.editor)) } }),
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/config/undo',
    summary: 'Puts back the file as it was before the newest edit made here.',
    body: z.strictObject({ hash: text, id: text }),
    answers: { 200: APPLIED },
    errors: ERRORS,
    async run({ admin, body, context }) {
      const applied = await editorOf(admin.editor).undo(body.id, body.hash);
      context.log('info', 'Config edit undone by an operator', { edit: body.id });
      return { body: shown(applied) };
    },
  }),
];

function shown({ issues, ...applied }: Applied): JsonObject {
  return { ...applied, issues: issues.map(shownIssue) };
}
