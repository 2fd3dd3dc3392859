import { isOwnModel, servesModel } from '../catalog/attribute.ts';
import { RequestError } from '../spec/errors.ts';
import { normalizeSlug } from '../vendors/lookup.ts';
import type { Config, ConfigEntry } from './model.ts';
import { isOfSlot } from './references.ts';
import type { RoutingOptions } from './routing-options.ts';
import { select, serves, type Selection } from './select.ts';
import { walkFrom, type Stop, type Walk } from './walk.ts';

/**
 * The walk of a request with routing options. The caller's own list (`models`, `fallbacks`) comes right after the model
 * asked for, before what the config would fall back to; `order` moves stops to the front; `only` and `ignore` choose
 * among them; `allow_fallbacks: false` keeps to the named ones (or to the first entry).
 * Throws `RequestError` 404 when nothing is left.
 */
export function walkWithRouting(
  config: Config,
  selection: Selection,
  asked: string | undefined,
  routing: RoutingOptions,
): Walk {
  const own = walkFrom(config, selection.entry, selection.model);
  const listed = routing.models.map((name) => {
    const found = select(config, name);
    return walkFrom(config, found.entry, found.model).stops[0];
  });
  const named = listed.filter((stop) => stop !== undefined);
  const extra = [...routing.order, ...routing.only].flatMap((name) => added(config, name, selection.model ?? asked));
  const first = own.stops.slice(0, 1);
  const all = unique([
    ...first,
    ...named,
    ...own.stops.slice(1),
    ...extra.filter((stop) => isMissing(own.stops, stop)),
  ]);
  const chosen = all.filter(
    ({ entry }) =>
      !routing.ignore.some((name) => matches(entry, name)) &&
      (routing.only.length === 0 || routing.only.some((name) => matches(entry, name))),
  );
  const ordered = sortByOrder(chosen, routing.order);
  const kept = routing.allowFallbacks ? ordered : ordered.filter((stop) => isNamed(stop, ordered, named, routing));
  if (kept.length === 0) {
    throw new RequestError('no configured provider is left after `provider.only` and `provider.ignore`', {
      status: 404,
      code: 'model_not_found',
      param: 'provider',
    });
  }
  return { stops: kept, warnings: own.warnings };
}

function isMissing(stops: readonly Stop[], { entry }: Stop): boolean {
  return !stops.some((stop) => stop.entry.ref === entry.ref);
}

function isNamed(stop: Stop, all: readonly Stop[], named: readonly Stop[], routing: RoutingOptions): boolean {
  if (named.some((other) => other.entry === stop.entry && other.model === stop.model)) return true;
  const names = [...routing.order, ...routing.only];
  return names.length === 0 ? stop.entry.ref === all[0]?.entry.ref : names.some((name) => matches(stop.entry, name));
}

/** An entry the caller names that the walk does not reach, if it offers the model that was asked for. */
function added(config: Config, name: string, model: string | undefined): Stop[] {
  if (model === undefined) return [];
  const bare = model.includes('/') ? model.slice(model.indexOf('/') + 1) : model;
  for (const entry of config.entries.values()) {
    if (entry.unusable !== undefined || !matches(entry, name)) continue;
    if (serves(entry, model)) return [{ entry, model }];
    if (serves(entry, bare) || isOwnModel(entry.slot, bare)) return [{ entry, model: bare }];
    if (servesModel(entry.slot, model)) return [{ entry, model }];
  }
  return [];
}

/** An entry's reference, its slot in any spelling, or the vendor's name as people write it. */
function matches(entry: ConfigEntry, name: string): boolean {
  const asked = normalizeSlug(name);
  return normalizeSlug(entry.ref) === asked || isOfSlot(entry, name) || normalizeSlug(entry.row?.name ?? '') === asked;
}

function sortByOrder(stops: readonly Stop[], order: readonly string[]): Stop[] {
  if (order.length === 0) return [...stops];
  const rank = (stop: Stop) => {
    const place = order.findIndex((name) => matches(stop.entry, name));
    return place === -1 ? order.length : place;
  };
  return stops.toSorted((a, b) => rank(a) - rank(b));
}

function unique(stops: readonly Stop[]): Stop[] {
  const seen = new Set<string>();
  return stops.filter(({ entry, model }) => {
    const key = `${entry.ref}\n${model}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
