// What is wrong with a page for those who read it otherwise: by ear, by keys, with poor sight.
// Gives a list of sentences, empty for a page in order. Rules for future edits: a check names the
// element that fails it; only what is rendered counts, for what is folded away is checked unfolded.
// Counterpart: accessibility.py runs it in the page of a test.
(parts) => {
  const found = [];
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: false });
  const named = (one) => {
    const marks = [one.tagName.toLowerCase()];
    if (one.id) marks.push(`#${one.id}`);
    if (one.getAttribute("class")) marks.push(`.${one.getAttribute("class").trim().replace(/\s+/g, ".")}`);
    const text = (one.textContent || one.getAttribute("name") || "").trim().slice(0, 30);
    return `${marks.join("")} "${text}"`;
  };
  const complain = (one, what) => found.push(`${named(one)}: ${what}`);

  // What an element is called: the part of the accessible name computation that our pages use.
  const textOf = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const nameOf = (one) => {
    const by = one.getAttribute("aria-labelledby");
    if (by) return textOf(by).trim();
    const said = one.getAttribute("aria-label");
    if (said) return said.trim();
    if (one.labels?.length) {
      return [...one.labels].filter((label) => !label.hidden).map((label) => label.textContent).join(" ").trim();
    }
    if (one.matches("a, button, summary, legend")) {
      return [one.textContent, ...all("img", one).map((image) => image.alt)].join(" ").trim();
    }
    return "";
  };

  const checks = {
    names() {
      const controls = "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']";
      for (const one of all(controls).filter(shown)) if (!nameOf(one)) complain(one, "has no name");
      for (const one of all("img").filter(shown)) {
        if (!one.hasAttribute("alt")) complain(one, "has no text of its own");
      }
      for (const one of all("canvas, svg").filter(shown)) {
        const told = one.closest("[aria-hidden=true]") || one.closest("figure[aria-label], [role=img][aria-label]");
        if (!told) complain(one, "is neither named nor hidden from those who cannot see it");
      }
      for (const one of all("[aria-labelledby], [aria-describedby]")) {
        for (const name of ["aria-labelledby", "aria-describedby"]) {
          for (const id of (one.getAttribute(name) ?? "").split(/\s+/).filter(Boolean)) {
            if (!document.getElementById(id)) complain(one, `${name} leads to no #${id}`);
          }
        }
      }
      const ids = all("[id]").map((one) => one.id);
      for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) {
        found.push(`#${id} is there more than once`);
      }
    },

    structure() {
      if (!document.documentElement.lang) found.push("the page says no language");
      if (!document.title.trim()) found.push("the page has no title");
      if (all("main").length !== 1) found.push("there is not one main part");
      const navigations = all("nav").filter(shown).map((one) => nameOf(one));
      if (new Set(navigations).size < navigations.length) found.push(`navigations are called alike: ${navigations}`);
      if (all("h1").filter(shown).length !== 1) found.push("there is not one heading of the page");
      let level = 1;
      for (const one of all("main :is(h1, h2, h3, h4, h5, h6)").filter(shown)) {
        const own = Number(one.tagName[1]);
        if (own > level + 1) complain(one, `follows a heading of level ${level}`);
        level = own;
      }
      for (const table of all("table").filter(shown)) {
        if (!table.querySelector("th[scope]")) complain(table, "says of no cell that it is a heading");
      }
      for (const list of all("ul, ol")) {
        if ([...list.children].some((child) => child.tagName !== "LI")) complain(list, "has what is no entry");
      }
      for (const one of all("[tabindex]")) if (one.tabIndex > 0) complain(one, "jumps ahead in the order of keys");
    },

    landmarks() {
      for (const [selector, what] of [["nav[aria-label]", "navigation"], ["header", "header"]]) {
        if (!document.querySelector(selector)) found.push(`there is no ${what}`);
      }
    },

    // Text against what lies under it, by WCAG's formula; text that cannot be used is let off.
    contrast() {
      const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const seen = new Map();
      const rgba = (colour) => {
        if (!seen.has(colour)) {
          paint.clearRect(0, 0, 1, 1);
          paint.fillStyle = colour;
          paint.fillRect(0, 0, 1, 1);
          const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
          seen.set(colour, [r, g, b, a / 255]);
        }
        return seen.get(colour);
      };
      const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3]));
      const groundOf = (one) => {
        const layers = [];
        for (let at = one; at; at = at.parentElement) {
          const colour = rgba(getComputedStyle(at).backgroundColor);
          if (colour[3] > 0) layers.push(colour);
          if (colour[3] === 1) break;
        }
        return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
      };
      const light = (colour) => colour.slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
      const ratio = (ink, ground) => {
        const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
      };
      const compare = (one, colour, what) => {
        const ground = groundOf(one);
        const reached = ratio(over(rgba(colour), ground), ground);
        if (reached < 4.5) complain(one, `${what} has a contrast of ${reached.toFixed(2)}, not 4.5`);
      };
      const written = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      for (const one of all("body *")) {
        if (one.closest("svg, canvas, [disabled], noscript, script") || !shown(one)) continue;
        if (written(one) || one.matches("input, select, textarea")) compare(one, getComputedStyle(one).color, "text");
        if (one.matches("[placeholder]") && one.placeholder && !one.value) {
          compare(one, getComputedStyle(one, "::placeholder").color, "its placeholder");
        }
      }
    },

    // One of each kind of control takes the focus as by a key, and shows that it has it.
    focus() {
      const kinds = new Map();
      for (const one of all("a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']")) {
        if (!shown(one) || one.matches(":disabled")) continue;
        const place = one.closest("nav, table, form, figure, footer, header, section, main")?.tagName;
        kinds.set(`${one.tagName} ${one.type} ${one.className} ${place}`, one);
      }
      const before = document.activeElement;
      for (const one of kinds.values()) {
        one.focus({ preventScroll: true, focusVisible: true });
        if (document.activeElement !== one) { complain(one, "cannot have the focus"); continue; }
        const ringed = [one, ...(one.labels ?? [])].some((part) => {
          const style = getComputedStyle(part);
          return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && style.opacity !== "0";
        });
        if (!ringed) complain(one, "does not show that it has the focus");
      }
      before?.focus?.({ preventScroll: true });
    },

    // Nothing is wider than the page, but for what scrolls in a frame of its own.
    width() {
      const over = document.documentElement.scrollWidth - innerWidth;
      if (over <= 0) return;
      const wide = all("body *").filter((one) => shown(one) && one.getBoundingClientRect().right > innerWidth + 1
        && !one.closest(".scroll"));
      found.push(`wider than the screen by ${over}: ${wide.slice(0, 3).map(named).join("; ")}`);
    },
  };
  for (const part of parts) checks[part]();
  return [...new Set(found)];
}
