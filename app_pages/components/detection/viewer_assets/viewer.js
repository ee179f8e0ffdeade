// Viewer: the list, the stage and the slices joined, and what they tell the server. Called anew with every new data.

class Room {
  constructor(root, colours) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.stage = this.find(".stage");
    this.view = new View(this.stage, colours);
    this.list = new List(this.find(".scans"), (id) => this.choose(id));
    this.slices = new Slices(this.find(".slices"), (id) => this.choose(id));
    this.pending = "";
    this.drawnAs = "";
    this.colour(colours);
    for (const control of root.querySelectorAll("[data-show]")) {
      control.addEventListener("change", () => this.set(control.dataset.show, control.checked));
    }
    for (const control of root.querySelectorAll("[data-set]")) {
      control.addEventListener("input", () => this.slid(control.dataset.set, Number(control.value)));
    }
    const acts = {
      previous: () => this.list.step(-1), next: () => this.list.step(1), reset: () => this.resetView(),
      in: () => this.view.zoomAt(1.25), out: () => this.view.zoomAt(0.8),
    };
    for (const button of root.querySelectorAll("button")) {
      button.addEventListener("click", acts[button.dataset.act]);
    }
    handleStage(this.stage, this);
    this.leave = listenForKeys(this);
  }

  colour(colours) {
    const box = this.find(".box");
    for (const name of ["evidence", "saliency"]) {
      const stops = colours[name].map((colour, i, all) => `rgb(${colour.join(" ")} / ${i / (all.length - 1)})`);
      box.style.setProperty(`--${name}`, `linear-gradient(90deg, ${stops}), #000`);
    }
    box.style.setProperty("--outline", colours.outline);
  }

  singleKeys() {
    return this.find("[data-act=keys]").checked;
  }

  choose(id) {
    this.pending = id;
    this.list.mark(id);
    clearTimeout(this.sending);
    // A wheel turns through several slices before the first could be sent.
    this.sending = setTimeout(() => this.tell("chosen", id), 40);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.pending === id && this.view.preview(this.list.thumb()), 90);
    clearTimeout(this.giving);
    this.giving = setTimeout(() => { this.pending = ""; }, 5000);
  }

  set(name, on) {
    this.find(`[data-show=${name}]`).checked = on;
    this.view.shown[name] = on;
    if (name === "side") this.view.arrange();
    else this.view.draw();
    this.find(".scale").dataset.shown = this.view.shown.evidence || !this.view.shown.saliency ? "evidence" : "saliency";
    if (name === "saliency") this.tell("saliency", on);
  }

  toggle(name) {
    if (!this.find(`[data-show=${name}]`).disabled) this.set(name, !this.view.shown[name]);
  }

  // All overlays off, or those that were on before, on again.
  toggleOverlays() {
    const names = ["outline", "evidence", "saliency"];
    const on = names.filter((name) => this.view.shown[name]);
    if (on.length) this.hidden = on;
    for (const name of on.length ? on : this.hidden || ["outline", "evidence"]) this.set(name, !on.length);
  }

  slid(name, value) {
    if (name === "opacity") {
      this.view.shown.opacity = value;
      this.view.draw();
    } else {
      this.windowed({ ...this.levels, [name]: value });
    }
  }

  windowed(levels) {
    this.levels = levels;
    for (const name of ["centre", "width"]) this.find(`[data-set=${name}]`).value = String(levels[name]);
    this.view.window(levels.centre, levels.width);
  }

  shiftWindow(dx, dy) {
    const { low, high } = this.base;
    const step = (high - low) / 400;
    this.windowed({
      centre: Math.max(low, Math.min(high, this.levels.centre + dy * step)),
      width: Math.max(step, Math.min(high - low, this.levels.width + dx * step)),
    });
  }

  resetView() {
    if (this.base) this.windowed({ centre: this.base.centre, width: this.base.window });
    this.view.reset();
  }

  async show({ data, setStateValue }) {
    this.tell = setStateValue;
    this.list.show(data.entries);
    const late = this.pending !== "" && data.scan.id !== this.pending;
    if (!late) this.pending = "";
    this.list.mark(this.pending || data.scan.id);
    this.slices.show(late ? this.slices.series : data.series, late);
    if (late) return;
    const drawnAs = JSON.stringify(data.scan);
    if (drawnAs === this.drawnAs) return;
    this.drawnAs = drawnAs;
    await this.showScan(data.scan, data.series);
  }

  async showScan(scan, series) {
    // By its first slice: two series may bear one title.
    const sameSeries = Boolean(series) && series.ids[0] === this.series;
    const sameScan = scan.id === this.scanId;
    Object.assign(this, { scanId: scan.id, series: series?.ids[0] || "" });
    this.find(".name").textContent = scan.name;
    const failed = this.find(".error");
    failed.hidden = !scan.error;
    failed.textContent = scan.error;
    this.root.querySelector(".room").classList.toggle("failed", Boolean(scan.error));
    if (!(await this.view.show(scan, sameSeries || sameScan))) return;
    this.base = scan.base || null;
    this.stage.setAttribute("aria-label", `Scan ${scan.name}`);
    this.offer(scan.panes || []);
    if (this.base) this.level(sameSeries || sameScan);
    this.view.arrange();
    this.stage.dataset.scan = scan.id;
  }

  // A window that was set stays while a series is leafed through.
  level(keep) {
    const { low, high, centre, window: width } = this.base;
    for (const name of ["centre", "width"]) {
      const slider = this.find(`[data-set=${name}]`);
      slider.min = String(name === "centre" ? low : (high - low) / 400);
      slider.max = String(name === "centre" ? high : Math.max(high - low, width));
    }
    this.windowed(keep && this.levels ? this.levels : { centre, width });
  }

  // Only what this version can show is offered.
  offer(panes) {
    const has = (name) => panes.some((pane) => (name === "saliency" ? pane.traced && !pane.refused : pane[name]));
    for (const name of ["outline", "evidence", "saliency"]) {
      const control = this.find(`[data-show=${name}]`);
      control.disabled = !has(name);
      const reason = name === "saliency" && panes.map((pane) => pane.untraced).find(Boolean);
      control.parentElement.title = control.disabled ? reason || "Not given for this scan by this version" : "";
    }
  }
}

const rooms = new WeakMap();

export default function (component) {
  const { parentElement, data } = component;
  if (!rooms.has(parentElement)) rooms.set(parentElement, new Room(parentElement, data.colours));
  const room = rooms.get(parentElement);
  room.show(component);
  return () => {
    room.leave();
    rooms.delete(parentElement);
  };
}
