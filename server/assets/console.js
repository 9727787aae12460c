// Everything works without this script: it refreshes what changes while somebody looks, keeps a form from being sent twice,
// and listens to a few keys.
(() => {
  "use strict";
  const announcer = document.getElementById("announce");
  const announce = (key) => {
    if (announcer && announcer.dataset[key]) announcer.textContent = announcer.dataset[key];
  };

  // Regions that change: the server says when, the page itself says what.
  const refresh = async (region) => {
    if (region.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    // The address of a refused form leads to its page; the way to sign in has no such region, so nothing changes then.
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(region.id);
    if (!fresh) return;
    const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    region.replaceChildren(...fresh.childNodes);
    if (focused) region.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
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

  // A form is sent once.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", () => {
      setTimeout(() => {
        for (const button of form.querySelectorAll("button")) button.disabled = true;
        form.setAttribute("aria-busy", "true");
        announce("sending");
      });
    });
  }
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[aria-busy]")) {
      form.removeAttribute("aria-busy");
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  });
  // A choice that filters at once says so.
  for (const select of document.querySelectorAll("select[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  document.querySelector(".refusal")?.focus();
  // On a phone the menu is one line: the part that one is in comes into sight.
  document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // Keys.
  const places = { h: "/", d: "/devices", s: "/schools", m: "/municipalities", n: "/network", r: "/reviews" };
  let going = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const dialog = document.getElementById("keys");
    if (event.key === "?" && !dialog.open) { dialog.showModal(); event.preventDefault(); return; }
    if (dialog.open) return;
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) { search.focus(); search.select(); event.preventDefault(); }
      return;
    }
    if (Date.now() - going < 1500 && places[event.key]) {
      const link = document.querySelector(`nav.main a[href="${places[event.key]}"]`);
      if (link) location.href = link.href;
    }
    going = event.key === "g" ? Date.now() : 0;
  });
})();
