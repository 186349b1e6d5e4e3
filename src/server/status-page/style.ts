/** The page's style sheet: system fonts and colours of its own for light and dark, nothing fetched. */
export const style = `
:root{color-scheme:light dark;--ground:#f6f7f9;--sheet:#fff;--ink:#1c2530;--soft:#566172;--rule:#dfe3e8;--cpu:#1f6feb;--memory:#8250df;--good:#1a7f37;--bad:#b42318;--warn:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ground:#0f1318;--sheet:#171c23;--ink:#e4e8ee;--soft:#9aa6b5;--rule:#2a323d;--cpu:#58a6ff;--memory:#b392f0;--good:#4ac26b;--bad:#ff7b72;--warn:#e3b341}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:14px/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 14px;padding-top:22px}
h1{font-size:20px;margin:0}
h2{font-size:15px;margin:26px 0 8px}
p,ul{margin:8px 0}
.soft,footer{color:var(--soft)}
button{font:inherit;color:var(--ink);background:var(--sheet);border:1px solid var(--rule);border-radius:6px;padding:2px 10px;margin-left:auto}
:focus-visible{outline:2px solid var(--cpu);outline-offset:2px}
.state{font-weight:600}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.problems{background:var(--sheet);border:1px solid var(--bad);border-radius:8px;padding:10px 14px}
.problems ul{padding-left:20px;margin:4px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:16px 0 0}
.tile{background:var(--sheet);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.tile dt{color:var(--soft);font-size:12px}
.tile dd{margin:0;font-size:18px}
.tile dd small{display:block;font-size:12px;color:var(--soft)}
.sheet{background:var(--sheet);border:1px solid var(--rule);border-radius:8px;overflow-x:auto}
table{border-collapse:collapse;width:100%}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:left;padding:6px 12px;border-top:1px solid var(--rule);vertical-align:middle}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:12px;white-space:nowrap}
tbody th{font-weight:500}
.pod th{background:var(--ground);font-weight:600}
.number{text-align:right;white-space:nowrap}
.name{max-width:340px;overflow-wrap:anywhere}
.nowrap{white-space:nowrap}
.plot{display:block;width:120px;height:28px}
.bar{display:block;margin-top:6px;width:100%}
.line{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke}
.area{opacity:.16}
.cpu .line{stroke:var(--cpu)}.cpu .area{fill:var(--cpu)}
.memory .line{stroke:var(--memory)}.memory .area{fill:var(--memory)}
.whole{fill:var(--rule)}.part{fill:var(--cpu)}
footer{padding-top:18px;padding-bottom:26px;font-size:12px}
footer a{color:inherit}
`;
