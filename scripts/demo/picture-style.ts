const LIGHT = {
  paper: '#ffffff',
  panel: '#f6f8fa',
  ink: '#1f2328',
  faint: '#59636e',
  grid: '#d8dee4',
  hatch: '#8b949e',
  read: '#0a62c4',
  write: '#c2410c',
  counted: '#5aa7a0',
  heats: ['#e3e8ee', '#fdf0c3', '#fdd884', '#fba94b', '#ee6a34', '#c62f2d', '#7a0f3b'],
};

const DARK: typeof LIGHT = {
  paper: '#0d1117',
  panel: '#161b22',
  ink: '#e6edf3',
  faint: '#9198a1',
  grid: '#2d333b',
  hatch: '#6e7681',
  read: '#6cb0ff',
  write: '#ff9a5c',
  counted: '#2f7f79',
  heats: ['#2b323b', '#46284e', '#7d2a55', '#b83b4a', '#e4633a', '#f9a03f', '#fcec9f'],
};

function rules(colors: typeof LIGHT): string {
  const { paper, panel, ink, faint, grid, hatch, read, write, counted, heats } = colors;
  return [
    `.paper{fill:${paper}}.panel{fill:${panel}}`,
    `text{fill:${ink}}.faint{fill:${faint}}`,
    `.grid{stroke:${grid}}.axis{stroke:${faint}}.phase{stroke:${faint}}`,
    `.hatch{stroke:${hatch}}.edge{stroke:${ink}}.gap{stroke:${panel}}.size{stroke:${ink}}.key{stroke:${faint}}`,
    `.read{stroke:${read}}.write{stroke:${write}}tspan.read{fill:${read};stroke:none}tspan.write{fill:${write};stroke:none}`,
    `.counted{fill:${counted}}`,
    ...heats.map((color, heat) => `.h${heat}{fill:${color}}`),
  ].join('');
}

/** Fits the reader's choice of light or dark by itself: pictures in a README cannot ask. */
export const STYLE =
  'text{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}' +
  '.title{font-size:17px;font-weight:600}.panel-title{font-weight:600}' +
  '.grid,.axis{stroke-width:1}.phase{stroke-width:1;stroke-dasharray:2 3}.hatch{stroke-width:1.3}' +
  '.edge{stroke-width:.8;stroke-opacity:.55;fill:none}.gap{stroke-width:.8;fill:none}' +
  '.size{stroke-width:1.8;fill:none}.read,.write{stroke-width:2;fill:none}.key{stroke-width:.6;fill:none}' +
  `${rules(LIGHT)}@media(prefers-color-scheme:dark){${rules(DARK)}}`;
