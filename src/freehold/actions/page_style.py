"""How the page looks: light, dark, narrow and on paper, with the fonts that are there."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ground: #f3f4f6; --ink: #16191f; --soft: #545c69; --line: #d9dde3;
  --link: #0b4fa8;
  --good: #0a5230; --good-back: #dcf3e5; --fair: #0b4a72; --fair-back: #dceefa;
  --care: #6b4300; --care-back: #fdedc8; --bad: #8c1420; --bad-back: #fde3e3;
  --gray: #424954; --gray-back: #e7e9ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171a1f; --ground: #0e1013; --ink: #e8eaee; --soft: #a4acb8; --line: #333941;
    --link: #8ab8ff;
    --good: #8fe3b4; --good-back: #123524; --fair: #95d0f5; --fair-back: #11304a;
    --care: #f6cf7c; --care-back: #3d2d0a; --bad: #ffaaaa; --bad-back: #47181c;
    --gray: #c3c9d2; --gray-back: #2d3239;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
    sans-serif;
  overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
.page {
  max-width: 64rem; margin: 2rem auto; padding: 2.5rem 3rem; background: var(--paper);
  border: 1px solid var(--line); border-radius: 10px;
}
h1, h2, h3, p, ul, dl, dd, table { margin: 0; }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.015em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin-bottom: .75rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
h2 + h3 { margin-top: 0; }
a { color: var(--link); text-underline-offset: .15em; }
q { font-weight: 600; white-space: pre-line; }
code { font: .9em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; color: var(--soft); }
section { margin-top: 2.5rem; padding-top: 1.75rem; border-top: 1px solid var(--line); }
.over { color: var(--soft); font-size: .8rem; font-weight: 600; letter-spacing: .06em; }
.over { text-transform: uppercase; margin-bottom: .35rem; }
.lead { font-size: 1.1rem; margin-top: .75rem; max-width: 46rem; }
.small, .hint { color: var(--soft); font-size: .875rem; }
.small { font-weight: 400; }
.hint { margin-bottom: .75rem; }
.badge {
  display: inline-block; padding: .08em .6em; border-radius: 1em; font-size: .82rem;
  font-weight: 600; white-space: nowrap; border: 1px solid currentColor;
}
.badge + .badge { margin-top: .3rem; }
.good { color: var(--good); background: var(--good-back); }
.fair { color: var(--fair); background: var(--fair-back); }
.care { color: var(--care); background: var(--care-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.gray { color: var(--gray); background: var(--gray-back); }
.level { margin: 1.25rem 0 0; }
.level .badge { font-size: 1rem; padding: .2em .85em; margin-right: .2rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
.facts { gap: 1rem 2rem; margin-top: 1.5rem; }
dt { color: var(--soft); font-size: .8rem; font-weight: 600; }
header > .facts > :last-child { grid-column: auto / span 2; }
.tiles .facts { grid-template-columns: repeat(5, 1fr); gap: .75rem; }
.tiles .facts > div { border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.tiles dd { margin-top: .25rem; }
nav { margin-top: 1.5rem; font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; list-style: none; padding: 0; }
table { width: 100%; border-collapse: collapse; font-size: .94rem; table-layout: fixed; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; vertical-align: top; padding: .5rem 1rem .5rem 0; }
tr > :last-child { padding-right: 0; }
tbody tr { border-top: 1px solid var(--line); }
thead th { color: var(--soft); font-size: .8rem; padding-bottom: .3rem; }
th[scope=row] { font-weight: 600; }
tr > :nth-child(1) { width: 26%; }
tr > :nth-child(2) { width: 11rem; }
h3 .badge { margin-left: .2rem; }
h3 ~ p, .missing { font-size: .94rem; }
.missing { margin: .3rem 0 .8rem; padding-left: 1.2rem; }
.todo, .remarks { list-style: none; padding: 0; }
.todo li { position: relative; padding: .3rem 0 .3rem 1.9rem; }
.todo li::before {
  content: ""; position: absolute; left: 0; top: .55rem; width: 1.05rem; height: 1.05rem;
  border: 1.5px solid var(--soft); border-radius: 3px;
}
.duties { display: grid; grid-template-columns: 26% 1fr; border-top: 1px solid var(--line); }
.duties { padding: .4rem 0; }
.duties h3 { font-size: .94rem; margin: .3rem 1rem 0 0; }
.remarks li { padding: .7rem 0 .7rem; border-top: 1px solid var(--line); }
.remarks li > .badge { margin-right: .2rem; }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media screen and (max-width: 44rem) {
  .page { margin: 0; padding: 1.25rem 1rem; border: 0; border-radius: 0; }
  h1 { font-size: 1.7rem; }
  .facts { grid-template-columns: 1fr; }
  header > .facts > :last-child { grid-column: auto; }
  .tiles .facts { grid-template-columns: 1fr 1fr; }
  table, tbody { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { display: grid; grid-template-columns: 1fr auto; gap: .2rem .75rem; padding: .6rem 0; }
  tr > :nth-child(n) { width: auto; padding: 0; }
  tr > :nth-child(3) { grid-column: 1 / -1; }
  tr > :nth-child(2) { text-align: right; }
  .duties { display: block; }
  h3 .badge { margin-left: 0; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000;
    --good: #0a5230; --good-back: #fff; --fair: #0b4a72; --fair-back: #fff;
    --care: #6b4300; --care-back: #fff; --bad: #8c1420; --bad-back: #fff;
    --gray: #424954; --gray-back: #fff;
  }
  @page {
    size: A4; margin: 18mm 16mm 20mm;
    @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  }
  html { font-size: 9pt; }
  body { font-size: 1rem; line-height: 1.4; }
  .page { max-width: none; margin: 0; padding: 0; border: 0; }
  nav { display: none; }
  h2, h3, h3 ~ p, .hint, .missing, caption, thead { break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
  .duties h3 { break-after: auto; }
  a { text-decoration: none; }
  th, td { padding-top: .35rem; padding-bottom: .35rem; }
  section { margin-top: 1.5rem; padding-top: 1.25rem; }
  #licenses, #lineage, #compared, footer { break-inside: avoid; }
  tr, li, .duties, .tiles, .facts > div { break-inside: avoid; }
  thead { display: table-header-group; }
  p, li { orphans: 3; widows: 3; }
}
"""
