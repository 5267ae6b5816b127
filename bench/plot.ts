/** A log-log plot as SVG: enough to see slopes, without a plotting library. */

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 520, 70, 290, 40, 50];
const COLOURS = ['#1b6ca8', '#c8553d', '#3a7d44', '#8e5ea2', '#b8860b', '#008080', '#555555', '#d1495b'];

export function plotSvg(title: string, xLabel: string, yLabel: string, series: readonly Series[]): string {
  const points = series.flatMap((one) => one.points);
  const x = axis(
    points.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = axis(
    points.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const lines = series.flatMap(({ name, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length] as string;
    const path = own.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`).join(' ');
    const dots = own.map(([a, b]) => `<circle cx="${x.at(a).toFixed(1)}" cy="${y.at(b).toFixed(1)}" r="3.5" fill="${colour}"/>`);
    const label = `<text x="${WIDTH - RIGHT + 34}" y="${TOP + 18 + 22 * index}">${escaped(name)}</text>`;
    const key = `<line x1="${WIDTH - RIGHT + 12}" x2="${WIDTH - RIGHT + 28}" y1="${TOP + 14 + 22 * index}" y2="${TOP + 14 + 22 * index}" stroke="${colour}" stroke-width="3"/>`;
    return [`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`, ...dots, key, label];
  });
  const grid = [
    ...x.ticks.map(
      (tick) => rule(x.at(tick), x.at(tick), TOP, HEIGHT - BOTTOM) + text(x.at(tick), HEIGHT - BOTTOM + 18, tick, 'middle'),
    ),
    ...y.ticks.map((tick) => rule(LEFT, WIDTH - RIGHT, y.at(tick), y.at(tick)) + text(LEFT - 8, y.at(tick) + 4, tick, 'end')),
  ];
  const labels = [
    text(LEFT, TOP - 16, title, 'start'),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, xLabel, 'middle'),
    text(LEFT - 30, TOP - 16, yLabel, 'end'),
  ];
  const style = 'font-family="sans-serif" font-size="13" fill="#222"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" ${style}><rect width="100%" height="100%" fill="#fff"/>${[...grid, ...lines, ...labels].join('')}</svg>\n`;
}

interface Axis {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Ticks at 1, 2 and 5 times powers of ten within the range. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const [low, high] = [Math.log10(Math.min(...values)) - 0.05, Math.log10(Math.max(...values)) + 0.05];
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, index) => 10 ** (Math.floor(low) + index));
  const ticks = decades
    .flatMap((decade) => [decade, 2 * decade, 5 * decade])
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  return { ticks, at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from) };
}

function rule(x1: number, x2: number, y1: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" x2="${x2.toFixed(1)}" y1="${y1.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function text(x: number, y: number, content: string | number, anchor: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(String(content))}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
