"use strict";

// The table of all lines. Text reaches the page as text only (textContent): the policy of the page forbids the other way.
//
// A row of the data:
//   [0, groups, action, [kind, name, ids, within], [[field, before, after, distance, before in full, after in full], …], undo, effects]
//   [1, groups, "skipped", [kind, name, ids, within], reason]
//   [2, [], "rejected", [kind, name, ids, within], reason]
// `before` is null where nothing was read. `undo` says why there is no way back.
(() => {
  const PAGE = 100; // Rows that a browser lays out at once, also on a phone.
  const PAUSE = 120; // Milliseconds after a key until the search begins: a typist's next key comes sooner.
  const MOST_ACTIONS = 200; // A playbook has a handful.
  const CHANGE = 0, SKIPPED = 1, REJECTED = 2;
  const STATES = [
    ["all", "All", () => true],
    ["changes", "Changes", (row) => row[0] === CHANGE],
    ["final", "Can't be undone", (row) => row[0] === CHANGE && row[5] !== ""],
    ["skipped", "Skipped", (row) => row[0] === SKIPPED],
    ["rejected", "Rejected", (row) => row[0] === REJECTED],
  ];

  performance.mark("start");
  const one = (selector) => document.querySelector(selector);
  const every = (selector) => [...document.querySelectorAll(selector)];
  const data = one("#data");
  const rows = JSON.parse(data.textContent);
  data.remove(); // The rows hold all of it.
  performance.measure("parse", "start");

  const number = new Intl.NumberFormat("en");
  const view = { state: "all", action: "", group: null, words: [], column: 0, descending: false, page: 0 };
  let shown = []; // Numbers of the rows that the view lets through, in its order.

  // Finding.

  const texts = new Array(rows.length); // What is shown of each row, in lower case; made for the first search.
  const textOf = (at) => {
    const row = rows[at];
    const final = row[0] === CHANGE && row[5] !== "" ? "can't be undone" : "";
    return (texts[at] ??= [...row.slice(2).flat(3), final].join("\n").toLowerCase());
  };

  const find = () => {
    const counts = new Map(STATES.map(([key]) => [key, 0]));
    const order = ordered(view.column);
    shown = [];
    for (let place = 0; place < order.length; place++) {
      const at = order[view.descending ? order.length - 1 - place : place];
      const row = rows[at];
      if (view.action !== "" && row[2] !== view.action) continue;
      if (view.group !== null && !row[1].includes(view.group)) continue;
      if (!view.words.every((word) => textOf(at).includes(word))) continue;
      for (const [key, , lets] of STATES) {
        if (!lets(row)) continue;
        counts.set(key, counts.get(key) + 1);
        if (key === view.state) shown.push(at);
      }
    }
    return counts;
  };

  // Sorting: once a column, and kept.

  const keys = [
    null,
    (row) => row[2],
    (row) => `${row[3][3]} ${row[3][1]} ${row[3][2]}`,
    (row) => (row[0] === CHANGE ? row[4].map((field) => field.slice(0, 3).join(" ")).join(" ") : row[4]),
    (row) => (row[0] === CHANGE ? `${row[5] === "" ? 1 : 0}${row[6].length === 0 ? 1 : 0} ${row[6].join(" ")} ${row[5]}` : "2"),
  ];
  const orders = [];
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const ordered = (column) => {
    if (orders[column]) return orders[column];
    const order = Uint32Array.from(rows, (_, at) => at);
    if (keys[column]) {
      // What is equal is compared once: most columns have few values.
      const key = rows.map(keys[column]);
      const rank = new Map([...new Set(key)].sort(compare).map((text, place) => [text, place]));
      const ranks = Uint32Array.from(key, (text) => rank.get(text));
      order.sort((a, b) => ranks[a] - ranks[b] || a - b);
    }
    return (orders[column] = order);
  };

  // Drawing.

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  };
  const cell = (label, className, ...children) => {
    const made = element("td", className, ...children);
    made.setAttribute("role", "cell");
    made.dataset.label = label;
    return made;
  };
  const field = ([name, before, after, distance, beforeWhole, afterWhole]) => {
    const line = element("div", "field");
    if (name !== "") line.append(element("span", "name", name), " ");
    if (before !== null) line.append(element("del", "", before), " → ");
    line.append(before === null ? element("span", "sent", after) : element("ins", "", after));
    if (distance) line.append(" ", element("span", "distance", distance));
    for (const [title, whole] of [["before", beforeWhole], ["after", afterWhole]]) {
      if (whole) line.append(element("div", "whole", element("span", "unseen", `${title} in full: `), element("code", "", whole)));
    }
    return line;
  };
  const draw = (row, at) => {
    const [state, , action, [kind, name, ids, within]] = row;
    const made = element("tr", ["change", "skipped", "rejected"][state]);
    made.setAttribute("role", "row");
    const final = state === CHANGE && row[5] !== "";
    made.append(
      cell("#", "number", number.format(at + 1)),
      cell("Action", "action", element("span", "tag", action)),
      cell("Target", "target", within && element("div", "within", within), name && element("div", "name", name),
        element("div", "ids", `${kind} `, element("code", "", ids))),
      state === CHANGE ? cell("Change", "fields", ...row[4].map(field)) : cell("Reason", "reason", row[4]),
      cell("Effects", "effects",
        final ? element("div", "final", element("strong", "", "Can't be undone"), `: ${row[5]}`) : null,
        ...(state === CHANGE ? row[6] : []).map((effect) => element("div", "effect", effect))),
    );
    return made;
  };
  const drawPage = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    view.page = Math.min(Math.max(view.page, 0), pages - 1);
    const from = view.page * PAGE;
    const page = shown.slice(from, from + PAGE);
    one(".lines tbody").replaceChildren(...page.map((at) => draw(rows[at], at)));
    one(".status").textContent = page.length === 0
      ? "Nothing matches"
      : `${number.format(from + 1)}–${number.format(from + page.length)} of ${number.format(shown.length)}` +
        (shown.length < rows.length ? ` (the plan has ${number.format(rows.length)} lines)` : "");
    one("#page").value = view.page + 1;
    one("#page").max = pages;
    one("#pages").textContent = number.format(pages);
    one(".pager").hidden = pages === 1;
    // A disabled button would lose the focus of who has just pressed it.
    for (const button of every(".pager button")) {
      const back = button.dataset.page === "first" || button.dataset.page === "previous";
      button.setAttribute("aria-disabled", String(view.page === (back ? 0 : pages - 1)));
    }
  };
  const update = () => {
    performance.mark("change");
    view.page = 0;
    const counts = find();
    for (const button of every(".states button")) {
      button.setAttribute("aria-pressed", String(button.dataset.key === view.state));
      button.lastElementChild.textContent = number.format(counts.get(button.dataset.key));
    }
    every(".lines th").forEach((header, column) => {
      if (column === view.column) header.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
    for (const line of every("[data-group]")) {
      const pressed = Number(line.dataset.group) === view.group;
      line.classList.toggle("chosen", pressed);
      line.querySelector("button").setAttribute("aria-pressed", String(pressed));
    }
    drawPage();
    performance.measure("update", "change");
  };

  // Steering.

  const toTable = () => one("#lines").scrollIntoView({ block: "start" });
  // All of one kind, whatever was looked for before.
  const show = (key) => {
    Object.assign(view, { state: key, action: "", words: [] });
    one("#search").value = one("#action").value = "";
  };
  const setGroup = (line) => {
    const group = line === null ? null : Number(line.dataset.group);
    view.group = view.group === group ? null : group;
    const chip = one(".chip");
    chip.hidden = view.group === null;
    if (view.group !== null) {
      const words = [...line.children].slice(1, 4).map((part) => part.firstChild?.textContent ?? "");
      chip.firstElementChild.textContent = `Only ${words.filter((word) => word !== "").join("  ")}`;
      show("all");
    }
    update();
  };
  const turn = (to) => {
    const pages = Math.ceil(shown.length / PAGE);
    const target = { first: 0, previous: view.page - 1, next: view.page + 1, last: pages - 1 }[to] ?? Number(to) - 1;
    if (!Number.isInteger(target) || target < 0 || target >= pages || target === view.page) return drawPage();
    view.page = target;
    drawPage();
    one(".status").scrollIntoView({ block: "start" });
  };

  for (const [key, title, lets] of STATES) {
    const all = rows.reduce((sum, row) => sum + (lets(row) ? 1 : 0), 0);
    if (key !== "all" && (all === 0 || all === rows.length)) continue;
    const button = element("button", "", `${title} `, element("span", "count"));
    button.type = "button";
    button.dataset.key = key;
    button.addEventListener("click", () => {
      view.state = key;
      update();
    });
    one(".states").append(button);
    // Changes are what a yes is about; the others are a press away.
    if (key === "changes") view.state = key;
  }
  one(".states").hidden = every(".states button").length === 1;

  const actions = [...new Set(rows.filter((row) => row[0] === CHANGE).map((row) => row[2]))].sort(compare);
  one(".actions").hidden = actions.length < 2;
  for (const action of actions.slice(0, MOST_ACTIONS)) one("#action").append(new Option(action, action));
  one("#action").addEventListener("change", (event) => {
    view.action = event.target.value;
    update();
  });

  let waiting;
  const search = () => {
    view.words = one("#search").value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    update();
  };
  one("#search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, PAUSE);
  });
  document.addEventListener("keydown", (event) => {
    const writes = event.target.matches("input, select, textarea");
    if (event.key !== "/" || writes || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    one("#search").focus();
    one("#search").select();
  });

  every(".lines th").forEach((header, column) => {
    header.firstElementChild.addEventListener("click", () => {
      view.descending = view.column === column && !view.descending;
      view.column = column;
      update();
    });
  });
  for (const button of every(".pager button")) button.addEventListener("click", () => turn(button.dataset.page));
  one("#page").addEventListener("change", (event) => turn(event.target.value));
  one("#unfilter").addEventListener("click", () => {
    setGroup(null);
    one("#search").focus();
  });
  for (const line of every("[data-group]")) {
    const button = line.querySelector("button");
    button.hidden = false;
    line.addEventListener("click", (event) => {
      // Who marks text to copy it does not want to leave.
      if (String(getSelection()) !== "" && event.target !== button) return;
      setGroup(line);
      if (view.group !== null) {
        toTable();
        one("#lines").focus({ preventScroll: true });
      }
    });
  }
  for (const button of every("[data-state]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      one(".chip").hidden = true;
      view.group = null;
      // With lines of one kind only, there is no button for that kind.
      show(one(`.states [data-key="${button.dataset.state}"]`) ? button.dataset.state : "all");
      update();
      toTable();
      one("#lines").focus({ preventScroll: true });
    });
  }

  const copy = one("#copy");
  // A plan that can't be applied has no command.
  if (copy) copy.hidden = !navigator.clipboard;
  copy?.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(one("#apply").textContent).then(() => true, () => false);
    if (!done) getSelection().selectAllChildren(one("#apply"));
    copy.textContent = done ? "Copied" : "Press Ctrl-C";
    setTimeout(() => (copy.textContent = "Copy"), 2000);
  });

  document.documentElement.classList.add("scripted");
  one("#table").hidden = false;
  update();
  performance.measure("first", "start");
})();
