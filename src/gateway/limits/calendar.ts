/** Days and months in a time zone, as instants. */
import type { Window } from './counter';

const QUARTER_MS = 900_000;
/** Farther than any month is long. */
const SEARCH_MS = 32 * 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function dayIn(timeZone: string, at: number): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(timeZone, format);
  }
  return format.format(at);
}

/** The period around `at`: where the local date changes. Boundaries fall on quarters of an hour in every zone in use. */
export function calendarWindow(period: 'day' | 'month', timeZone: string, at: number): Window {
  const nameOf = (instant: number): string => dayIn(timeZone, instant).slice(0, period === 'day' ? 10 : 7);
  const here = nameOf(at);
  const quarter = Math.floor(at / QUARTER_MS);
  const span = SEARCH_MS / QUARTER_MS;
  const isHere = (index: number): boolean => nameOf(index * QUARTER_MS) === here;
  return {
    kind: 'calendar',
    startsAt: edge(quarter - span, quarter, (index) => isHere(index)) * QUARTER_MS,
    endsAt: edge(quarter, quarter + span, (index) => !isHere(index)) * QUARTER_MS,
  };
}

/** The first index from `low` to `high` at which the test holds, which it then does up to `high`. */
function edge(low: number, high: number, test: (index: number) => boolean): number {
  let [below, above] = [low, high];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (test(middle)) above = middle;
    else below = middle;
  }
  return above;
}
