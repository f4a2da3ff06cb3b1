/** A table that holds thousands of rows and draws only those in sight. */

const ROW = 22; // px, as in layout.css
const MARGIN = 8; // rows drawn beyond the edges

/**
 * @param {string} role
 * @param {string} [className]
 * @param {string} [width]
 */
function cell(role, className, width) {
  const made = document.createElement("div");
  made.setAttribute("role", role);
  made.className = `cell ${className ?? ""}`;
  if (width) made.style.width = width;
  return made;
}

/**
 * @typedef {{key?: string, title: string, width?: string, className?: string,
 *   fill: (cell: HTMLElement, row: any) => void}} Column
 */

export class Grid {
  /**
   * `pick(row)` is called for the row chosen by mouse or arrow; `sort(key)` for a click on a title,
   * where the column has a key.
   * @param {HTMLElement} root
   * @param {{label: string, columns: Column[], pick: (row: any) => void, sort?: (key: string) => void}} settings
   */
  constructor(root, { label, columns, pick, sort }) {
    this.root = root;
    this.columns = columns;
    this.pick = pick;
    /** @type {any[]} */
    this.rows = [];
    this.active = -1;
    /** @type {Map<number, HTMLElement>} */
    this.drawn = new Map();
    root.setAttribute("role", "grid");
    root.setAttribute("aria-label", label);
    root.tabIndex = 0;
    this.head = this.#buildHead(sort);
    this.body = document.createElement("div");
    this.body.className = "body";
    this.body.setAttribute("role", "rowgroup");
    root.append(this.head, this.body);
    root.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.body.addEventListener("click", (event) => {
      const row = /** @type {Element} */ (event.target).closest("[role=row]");
      if (row) this.#choose(Number(row.getAttribute("aria-rowindex")) - 2);
    });
    root.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(root);
  }

  /** @param {((key: string) => void) | undefined} sort */
  #buildHead(sort) {
    const head = document.createElement("div");
    head.className = "head";
    head.setAttribute("role", "rowgroup");
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", "1");
    for (const column of this.columns) {
      const title = cell("columnheader", column.className, column.width);
      const { key } = column;
      if (key && sort) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = column.title;
        button.addEventListener("click", () => sort(key));
        title.append(button);
        title.dataset.key = key;
      } else title.textContent = column.title;
      row.append(title);
    }
    head.append(row);
    return head;
  }

  /**
   * Say by which column the rows are sorted.
   * @param {string} by
   * @param {boolean} falling
   */
  sorted(by, falling) {
    for (const title of /** @type {NodeListOf<HTMLElement>} */ (this.head.querySelectorAll("[data-key]"))) {
      const here = title.dataset.key === by;
      title.setAttribute("aria-sort", here ? (falling ? "descending" : "ascending") : "none");
      const plain = title.textContent?.replace(/ [▲▼]$/, "");
      const button = /** @type {HTMLElement} */ (title.firstChild);
      button.textContent = `${plain}${here ? (falling ? " ▼" : " ▲") : ""}`;
    }
  }

  /**
   * Show other rows; each has an `id`.
   * @param {any[]} rows
   * @param {string | number | null} active_id
   */
  show(rows, active_id) {
    this.rows = rows;
    this.root.setAttribute("aria-rowcount", String(rows.length + 1));
    this.body.style.height = `${rows.length * ROW}px`;
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.activate(active_id);
  }

  /**
   * Mark a row and bring it into sight.
   * @param {string | number | null} id
   */
  activate(id) {
    this.active = this.rows.findIndex((row) => row.id === id);
    if (this.active >= 0) {
      const [top, high] = [this.active * ROW, this.#high()];
      if (top < this.root.scrollTop) this.root.scrollTop = top;
      else if (top + ROW > this.root.scrollTop + high) this.root.scrollTop = top + ROW - high;
    }
    this.#draw();
  }

  /** Height of what rows have to show themselves. */
  #high() {
    return this.root.clientHeight - this.head.offsetHeight;
  }

  #draw() {
    const top = this.root.scrollTop;
    const first = Math.max(0, Math.floor(top / ROW) - MARGIN);
    const stop = Math.min(this.rows.length, Math.ceil((top + this.#high()) / ROW) + MARGIN);
    for (const [at, row] of this.drawn) {
      if (at >= first && at < stop) continue;
      row.remove();
      this.drawn.delete(at);
    }
    const fresh = document.createDocumentFragment();
    for (let at = first; at < stop; at += 1) {
      const row = this.drawn.get(at) ?? fresh.appendChild(this.#build(at));
      this.drawn.set(at, row);
      row.setAttribute("aria-selected", String(at === this.active));
    }
    this.body.append(fresh);
    const active = this.drawn.get(this.active);
    if (active) this.root.setAttribute("aria-activedescendant", active.id);
    else this.root.removeAttribute("aria-activedescendant");
  }

  /** @param {number} at */
  #build(at) {
    const row = document.createElement("div");
    row.className = "row";
    row.id = `${this.root.id}-${at}`;
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(at + 2));
    row.style.transform = `translateY(${at * ROW}px)`;
    for (const column of this.columns) {
      const made = cell("gridcell", column.className, column.width);
      column.fill(made, this.rows[at]);
      row.append(made);
    }
    return row;
  }

  /** @param {number} at */
  #choose(at) {
    if (at < 0 || at >= this.rows.length) return;
    this.active = at;
    this.activate(this.rows[at].id);
    this.pick(this.rows[at]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.#high() / ROW) - 1);
    /** @type {Record<string, number>} */
    const ways = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -this.rows.length, End: this.rows.length };
    const way = ways[event.key];
    if (way === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#choose(Math.min(Math.max(0, this.active + way), this.rows.length - 1));
  }
}
