// Everything works without this script: it refreshes what changes while somebody looks, keeps a form from being sent twice,
// and listens to a few keys.
(() => {
  "use strict";
  const announcer = document.getElementById("announce");
  const announce = (key) => {
    if (announcer && announcer.dataset[key]) announcer.textContent = announcer.dataset[key];
  };

  // What somebody types into; a box that is ticked is none.
  const isTyping = (element) => /^(SELECT|TEXTAREA)$/.test(element.tagName)
    || (element.tagName === "INPUT" && !/^(checkbox|radio)$/.test(element.type));

  // A form in which somebody wrote something: what would replace it waits.
  const isBegun = (form) => [...form.elements].some((element) =>
    element.tagName === "SELECT" ? [...element.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected)
      : isTyping(element) && element.value !== element.defaultValue);

  // A list from which one selects: how many are selected, and what can be done with them.
  const arrange = () => {
    const boxes = [...document.querySelectorAll("[data-choice]")];
    const bulk = document.querySelector(".bulk");
    const all = document.getElementById("choose-all");
    const count = boxes.filter((box) => box.checked).length;
    if (all) {
      all.parentElement.hidden = false;
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    if (!bulk) return;
    bulk.hidden = count === 0;
    const chosen = document.getElementById("chosen");
    if (chosen) chosen.textContent = `${count} / ${boxes.length}  `;
    const verb = document.getElementById("many-verb");
    for (const field of bulk.querySelectorAll("[data-for]")) {
      field.hidden = !field.dataset.for.split(" ").includes(verb.value);
    }
  };
  addEventListener("change", (event) => {
    if (event.target.id === "choose-all") {
      for (const box of document.querySelectorAll("[data-choice]")) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-choice], #choose-all, #many-verb")) arrange();
  });
  arrange();

  // Regions that change: the server says when, the page itself says what.
  const refresh = async (region) => {
    if (region.contains(document.activeElement) && isTyping(document.activeElement)) return;
    if ([...region.querySelectorAll("details[open] form")].some(isBegun)) return;
    // The address of a refused form leads to its page; the way to sign in has no such region, so nothing changes then.
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(region.id);
    if (!fresh) return;
    const active = region.contains(document.activeElement) ? document.activeElement : null;
    const focused = active && (active.hasAttribute("href") ? `[href="${CSS.escape(active.getAttribute("href"))}"]`
      : active.dataset.choice ? `[data-choice="${CSS.escape(active.dataset.choice)}"]` : null);
    const chosen = [...region.querySelectorAll("[data-choice]:checked")].map((box) => box.dataset.choice);
    const opened = [...region.querySelectorAll("details")].map((details) => details.open);
    region.replaceChildren(...fresh.childNodes);
    const details = [...region.querySelectorAll("details")];
    if (details.length === opened.length) details.forEach((one, at) => { one.open ||= opened[at]; });
    for (const choice of chosen) {
      const box = region.querySelector(`[data-choice="${CSS.escape(choice)}"]`);
      if (box) box.checked = true;
    }
    if (focused) region.querySelector(focused)?.focus({ preventScroll: true });
    arrange();
    announce("updated");
  };
  for (const region of document.querySelectorAll("[data-live][id]")) {
    let running = false, again = false;
    const run = async () => {
      if (running) { again = true; return; }
      running = true;
      try { await refresh(region); } catch { /* the next change tries again */ }
      running = false;
      if (again) { again = false; setTimeout(run, 1000); }
    };
    const source = new EventSource(region.dataset.live);
    source.addEventListener("changed", run);
    source.addEventListener("open", () => { region.dataset.liveState = "on"; });
    source.addEventListener("error", () => {
      region.dataset.liveState = "off";
      if (source.readyState === EventSource.CLOSED) announce("stopped");
    });
    addEventListener("pagehide", () => source.close());
  }

  // A form that knows what is like it: some time after the last key the same page is asked that a button shows without script.
  for (const form of document.querySelectorAll("form[data-similar]")) {
    let waiting = 0, asked = 0;
    const ask = async () => {
      const mine = ++asked;
      const answer = await fetch(form.dataset.similar, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "text/html" } });
      // What was typed meanwhile asks again; an older answer says nothing any more.
      if (!answer.ok || mine !== asked) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("similar");
      const place = document.getElementById("similar");
      if (fresh && place && place.innerHTML !== fresh.innerHTML) place.replaceChildren(...fresh.childNodes);
    };
    for (const kind of ["input", "change"]) {
      form.addEventListener(kind, (event) => {
        if (!/^(subject|text|room|category)$/.test(event.target.name)) return;
        clearTimeout(waiting);
        waiting = setTimeout(() => ask().catch(() => { /* the next key tries again */ }), 600);
      });
    }
    form.addEventListener("submit", () => { clearTimeout(waiting); asked++; });
  }

  // A form is sent once, with all its buttons, wherever they stand.
  const buttonsOf = (form) => [...form.elements].filter((element) => element.tagName === "BUTTON");
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    setTimeout(() => {
      for (const button of buttonsOf(form)) button.disabled = true;
      form.setAttribute("aria-busy", "true");
      announce("sending");
    });
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[aria-busy]")) {
      form.removeAttribute("aria-busy");
      for (const button of buttonsOf(form)) button.disabled = false;
    }
  });
  // A choice that filters at once says so.
  for (const select of document.querySelectorAll("select[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  // A prepared answer goes behind what is already written; then the choice is free again.
  for (const select of document.querySelectorAll("select[data-fills]")) {
    select.addEventListener("change", () => {
      const field = document.getElementById(select.dataset.fills), text = select.selectedOptions[0]?.dataset.text;
      if (!text) return;
      field.value = field.value.trim() ? `${field.value}\n${text}` : text;
      select.value = "";
      field.focus();
    });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  document.querySelector(".refusal")?.focus();
  // On a phone the menu is one line: the part that one is in comes into sight.
  // By hand, because what is scrolled into view is also where the Tab key goes on from, and that is the top.
  const menu = document.querySelector("nav.main"), here = menu?.querySelector("[aria-current]");
  if (here) {
    const [outer, inner] = [menu.getBoundingClientRect(), here.getBoundingClientRect()];
    menu.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }

  // Keys. In a list the row that has the focus is meant, else the page.
  const places = { h: "/", t: "/tickets", d: "/devices", s: "/schools", m: "/municipalities", n: "/network", r: "/reviews", c: "/renewal" };
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const rowOf = (element) => element?.closest?.("[data-row]") ?? null;
  const enter = (row) => {
    const link = row?.querySelector("[data-row-link]");
    if (!link) return;
    link.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = rows(), now = all.indexOf(rowOf(document.activeElement));
    enter(all[now < 0 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)]);
  };
  // What a key is for: a field gets the focus, everything else is pressed. Ctrl and Enter send what is written.
  const use = (element) => {
    const field = document.getElementById("field-text");
    if (element.closest("details:not([open])")) element.closest("details").open = true;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName)) element.focus();
    else if (element.tagName === "SUMMARY") element.closest("details").querySelector("select, input:not([type=hidden])")?.focus();
    else if (element.id === "resolve" && field) { chief(element); field.focus(); }
    else element.click();
  };
  // The button that Ctrl and Enter press.
  const chief = (button) => {
    for (const other of button.form.querySelectorAll("button.primary")) other.classList.remove("primary");
    button.classList.add("primary");
  };
  document.getElementById("field-text")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const button = event.target.form?.querySelector("button.primary");
    if (button) { event.preventDefault(); button.click(); }
  });
  let going = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const dialog = document.getElementById("keys");
    if (event.key === "?" && !dialog.open) { dialog.showModal(); event.preventDefault(); return; }
    if (dialog.open) return;
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) { search.focus(); search.select(); event.preventDefault(); }
      return;
    }
    const isPlace = Date.now() - going < 1500 && places[event.key];
    going = event.key === "g" ? Date.now() : 0;
    if (isPlace) {
      const link = document.querySelector(`nav.main a[href="${isPlace}"]`);
      if (link) location.href = link.href;
      return;
    }
    if ((event.key === "j" || event.key === "k") && rows().length) { step(event.key === "j" ? 1 : -1); event.preventDefault(); return; }
    if (event.key === "x") {
      const box = rowOf(document.activeElement)?.querySelector("[data-choice]");
      if (box) { box.checked = !box.checked; arrange(); event.preventDefault(); }
      return;
    }
    if (!/^[a-z]$/.test(event.key)) return;
    const row = rowOf(document.activeElement);
    const meant = (row ?? document).querySelector(`[data-key="${event.key}"]`) ?? document.querySelector(`main [data-key="${event.key}"]:not([data-row] *)`);
    if (meant && (row || !meant.closest("[data-row]"))) { use(meant); event.preventDefault(); }
  });
  // One comes back to the row that one left, and to the field that was meant.
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (target?.matches("[data-row]")) enter(target);
  else if (location.hash === "#write") document.getElementById("field-text")?.focus();
  else if (target?.matches("#resolve, #triage")) use(target.querySelector("summary") ?? target);
})();
