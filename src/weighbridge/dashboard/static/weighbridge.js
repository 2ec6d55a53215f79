// What a browser adds to pages that work without it: charts drawn, refresh in place, keys.
// No framework, no other origin. Rules: never build HTML from data here (the server does, and
// escapes it); replace whole regions marked data-live; keep focus and scroll where they were.

const root = document.documentElement;
root.classList.add("scripted");
const vegaPath = document.getElementById("module").dataset.vega;
const views = new Map();
let vegaLoaded = null;

// --- Theme: a cookie, so that the server paints the first pixel right.

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => root.dataset.theme || (prefersDark.matches ? "dark" : "light");
const themeButton = document.getElementById("theme");
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  drawAll();
});
prefersDark.addEventListener("change", () => drawAll());

// --- Questions: where others ask too much at once, ours waits its turn.

async function ask(address, accept) {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(address, { headers: { Accept: accept } });
    if (answer.status !== 429 || tries > 5) return answer;
    await new Promise((done) => { setTimeout(done, 1000); });
  }
}

// --- Charts: specifications come from our own origin; expressions are interpreted, not evaluated.

function loadVega() {
  vegaLoaded ??= import(vegaPath).then(() => window.vegaEmbed);
  return vegaLoaded;
}

// A chart that somebody looks at closely is left as it is until they move on.
async function draw(place, gently) {
  if (gently && place.matches(":hover")) return;
  const address = new URL(place.dataset.chart, location.href);
  address.searchParams.set("theme", theme());
  if (gently) address.searchParams.set("whole", "shared");
  const [embed, answer] = await Promise.all([loadVega(), ask(address, "application/json")]);
  if (!answer.ok) {
    if (!views.has(place)) place.textContent = "This chart could not be read. Reload to try again.";
    return;
  }
  const text = await answer.text();
  const seen = views.get(place);
  if (seen?.text === text) return;
  const spec = JSON.parse(text);
  const zooms = letsZoom(spec);
  if (place.clientWidth < 560) narrow(spec);
  const made = await embed(place, spec, {
    actions: false, ast: true, defaultStyle: false, renderer: "canvas",
    tooltip: { disableDefaultStyle: true },
  });
  seen?.made.finalize();
  views.set(place, { text, made });
  place.dataset.drawn = "";
  place.classList.toggle("zoomable", zooms);
  if (zooms) followBrush(place, made.view, spec);
}

// Beside a chart on a phone, a legend would take half of it, and names would lie on each other.

function narrow(spec) {
  spec.config ??= {};
  spec.config.legend = { ...spec.config.legend, orient: "bottom", columns: 2 };
  for (const layer of spec.layer ?? []) {
    if (layer.name === "names") layer.encoding.text.field = "narrow";
  }
}

// A brush on a chart over time becomes the page's range: since and until in the address.

const marked = (spec) => spec.layer?.[0] ?? spec;

function pointsOf(spec) {
  const data = marked(spec).data ?? spec.data;
  return data.values ?? spec.datasets[data.name];
}

function letsZoom(spec) {
  const part = marked(spec);
  // Where fingers scroll, a brush would be in their way.
  if (!matchMedia("(pointer: fine)").matches) delete part.params;
  return Boolean(part.params);
}

function followBrush(place, view, spec) {
  let chosen = null;
  view.addSignalListener("brush", (_name, value) => { chosen = value?.from ?? null; });
  place.onpointerup = () => {
    if (!chosen) return;
    const [low, high] = chosen.map(Number);
    const inside = pointsOf(spec).filter(
      (point) => Date.parse(point.to) > low && Date.parse(point.from) < high);
    if (inside.length === 0) return;
    const ends = { since: inside.map((p) => p.from).sort()[0], until: inside.map((p) => p.to).sort().at(-1) };
    const address = new URL(location.href);
    for (const name of ["range", "page", "cursor", "granularity"]) address.searchParams.delete(name);
    for (const [name, at] of Object.entries(ends)) {
      address.searchParams.set(name, at.replace(/(T00:00)?(:00)?Z$/, ""));
    }
    location.assign(address);
  };
}

function drawAll(gently = false) {
  const places = [...document.querySelectorAll("[data-chart]")];
  return Promise.all(places.map((place) => draw(place, gently)));
}

addEventListener("beforeprint", () => {
  for (const image of document.querySelectorAll("img[data-src]")) image.src = image.dataset.src;
});

// --- Parts that follow the page: figures and tables that take long, made by the server as HTML.

async function loadRest() {
  const rest = document.querySelector("[data-rest]");
  if (!rest) return;
  const answer = await ask(rest.dataset.rest, "text/html");
  if (answer.ok) refreshRegions(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

async function loadLate(again = false) {
  for (const place of document.querySelectorAll("[data-late]")) {
    const address = new URL(place.dataset.late, location.href);
    if (again) address.searchParams.set("whole", "shared");
    const answer = await ask(address, "text/html");
    if (!answer.ok) continue;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (place.contains(document.activeElement)) continue;
    keepTicks(place, fresh.body);
    place.replaceChildren(...[...fresh.body.children].map((part) => document.importNode(part, true)));
  }
}

// --- Live refresh.

const liveButton = document.getElementById("live");
const table = () => document.querySelector("[data-live]");
// The tail follows calls as they end; the first call of all is waited for, too.
const quick = location.pathname === "/exchanges" || document.querySelector("[data-first]");
const every = quick ? 250 : 10000;
const pace = quick ? 4 : 20;
let took = 0;
let live = sessionStorage.getItem("live") !== "off";

function sameControl(region, old) {
  if (old.id) return region.querySelector(`#${CSS.escape(old.id)}`);
  const href = old.getAttribute("href");
  return href && [...region.querySelectorAll("a")].find((a) => a.getAttribute("href") === href);
}

async function refresh() {
  if (!live || document.hidden) return;
  const began = performance.now();
  const address = new URL(location.href);
  address.searchParams.set("whole", quick ? "now" : "shared");
  const answer = await ask(address, "text/html");
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (document.querySelector("[data-first]") && !fresh.querySelector("[data-first]")) {
    location.reload();
    return;
  }
  refreshRegions(fresh);
  await Promise.all([drawAll(true), loadLate(true)]);
  took = performance.now() - began;
}

// Which tables show all their figures on a narrow screen is nobody's but the reader's.
function keepTicks(old, fresh) {
  for (const box of old.querySelectorAll(".more input")) {
    const same = fresh.querySelector(`#${CSS.escape(box.id)}`);
    if (same) same.checked = box.checked;
  }
}

// Regions that differ are replaced, and what had the focus there has it again.
function refreshRegions(fresh) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${region.dataset.live}"]`);
    if (!next || next.isEqualNode(region)) continue;
    const active = document.activeElement;
    if (region.contains(active) && active.matches("input:not([type=checkbox])")) continue;
    const across = region.querySelector(".scroll")?.scrollLeft ?? 0;
    const here = document.importNode(next, true);
    keepTicks(region, here);
    const focused = region.contains(active) ? sameControl(here, active) : null;
    region.replaceWith(here);
    const scroller = here.querySelector(".scroll");
    if (scroller) scroller.scrollLeft = across;
    focused?.focus({ preventScroll: true });
  }
}

// A page that takes long is asked for more rarely, so that many of them stay cheap; who follows
// calls as they end sees each within a second (benchmarks/visible.py).
function schedule() {
  setTimeout(() => refresh().catch(() => {}).finally(schedule), Math.max(every, pace * took));
}

liveButton.hidden = !table();
liveButton.setAttribute("aria-pressed", String(live));
liveButton.addEventListener("click", () => {
  live = !live;
  sessionStorage.setItem("live", live ? "on" : "off");
  liveButton.setAttribute("aria-pressed", String(live));
  if (live) refresh().catch(() => {});
});

// --- Forms: what is empty stays out of the address; a choice applies at once.

for (const form of document.querySelectorAll("form.range")) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "range" && event.target.value) {
      form.elements.since.value = form.elements.until.value = "";
    }
    form.requestSubmit();
  });
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") === "post") {
    event.preventDefault();
    if (form.ariaBusy !== "true") send(form, event.submitter);
    return;
  }
  for (const field of form.elements) if (!field.value) field.disabled = true;
});

// A form of changes goes where it would go without us; what we add is that nothing typed is lost
// where the gateway does not answer or the session has ended, and that what is wrong is shown in
// place. `form.action` and the like are never read so: a field of that name would stand there.

const silence = "The gateway did not answer. What you typed is still here: send it again.";
const ended = "Your session has ended. Sign in again in another tab, then send this once more.";

async function send(form, button) {
  const place = form.closest("details");
  const body = new URLSearchParams(new FormData(form, button));
  form.ariaBusy = "true";
  try {
    const headers = { Accept: "text/html" };
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers });
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const led = answer.redirected ? new URL(answer.url) : null;
    if (led?.pathname === "/sign-in") say(form, ended);
    else if (led?.searchParams.get("done") === "stale") trustAnew(form, fresh);
    else if (led) location.assign(led);
    else if (answer.ok) show(fresh);
    else if (place && fresh.getElementById(place.id)) correct(place, fresh.getElementById(place.id));
    else say(form, isJson(answer) ? JSON.parse(text).detail : fresh.body.innerText);
  } catch {
    say(form, silence);
  } finally {
    form.ariaBusy = "false";
  }
}

const isJson = (answer) => (answer.headers.get("Content-Type") ?? "").includes("json");

function say(form, text) {
  form.querySelector(".mistakes")?.remove();
  const told = document.createElement("p");
  told.className = "mistakes bare";
  told.role = "alert";
  told.textContent = text;
  form.prepend(told);
}

function trustAnew(form, fresh) {
  form.querySelector("[name=csrf_token]").value = fresh.querySelector("meta[name=csrf]").content;
  say(form, fresh.querySelector(".notice").textContent.trim());
}

// The form as the server sends it back; a secret stays in the browser where it was typed.
function correct(place, answered) {
  const here = document.importNode(answered, true);
  for (const typed of place.querySelectorAll("input[type=password]")) {
    const again = here.querySelector(`#${CSS.escape(typed.id)}`);
    if (!again) continue;
    again.value = typed.value;
    const [former, entry] = [typed, again].map((field) => field.closest(".entry"));
    if (!former.matches(".bad") && !entry.matches(".bad")) entry.replaceWith(former);
  }
  place.replaceWith(here);
  (here.querySelector("[autofocus]") ?? here.querySelector("button")).focus();
}

// What is shown once has no address to go to.
function show(fresh) {
  const main = document.getElementById("main");
  main.replaceChildren(...[...fresh.getElementById("main").childNodes].map(
    (part) => document.importNode(part, true)));
  for (const [place, seen] of views) if (!place.isConnected) { seen.made.finalize(); views.delete(place); }
  offerCopies();
  main.focus();
  scrollTo(0, 0);
  Promise.all([drawAll(), loadLate()]).catch(() => {});
}

// --- What is shown once can be copied.

function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "Copied";
});
offerCopies();

// --- Keys: "/" searches, g and a letter goes, arrows walk the links of a table.

let going = false;
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.activeElement.closest("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  } else if (going) {
    going = false;
    document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`)?.click();
  } else if (event.key === "g") {
    going = true;
    setTimeout(() => { going = false; }, 1200);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const row = event.target.closest("tbody tr");
    let next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    if (!row && event.target.matches(".scroll")) next = event.target.querySelector("tbody tr");
    const link = next?.querySelector("a");
    if (link) { event.preventDefault(); link.focus(); }
  }
});

await Promise.all([loadRest(), drawAll(), loadLate()]);
schedule();
