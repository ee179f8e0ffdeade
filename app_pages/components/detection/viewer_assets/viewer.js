// Viewer: connects worklist, viewport and slice slider, and reports choices to the server.

class Viewer {
  constructor(root, colors) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.viewport = new Viewport(this.find(".viewport"), colors);
    this.crop = new CropTool(this.viewport);
    this.planes = new LinkedPlanes(this.find(".planes"), this.viewport, (position, index) => {
      if (index >= 0) this.slices.goTo(index);
      this.report("position", position);
    });
    this.ruler = new Ruler(this.viewport, this.find(".length"));
    this.worklist = new Worklist(this.find(".worklist"), (id) => this.choose(id));
    this.slices = new SliceSlider(this.find(".slices"), (id) => {
      this.planes.scrollTo(this.slices.index);
      this.choose(id);
    });
    this.find("[data-action=planes]").addEventListener("change", (event) => this.report("planes", event.target.checked));
    this.pendingId = "";
    this.scanContent = "";
    this.setColors(colors);
    for (const control of root.querySelectorAll("[data-overlay]")) {
      control.addEventListener("change", () => this.setOverlay(control.dataset.overlay, control.checked));
    }
    this.windowControls = new WindowControls(this.find(".windows"), (values) => this.setWindow(values));
    this.find("[data-slider=opacity]").addEventListener("input", (event) => this.setOpacity(Number(event.target.value)));
    const actions = {
      previous: () => this.worklist.step(-1), next: () => this.worklist.step(1), reset: () => this.resetView(),
      in: () => this.viewport.zoomAt(1.25), out: () => this.viewport.zoomAt(0.8),
      crop: () => this.setCropping(!this.crop.isActive), ruler: () => this.setMeasuring(!this.ruler.isActive),
    };
    for (const button of root.querySelectorAll("[data-edit]")) {
      button.addEventListener("click", () => this.edit(button.dataset.edit));
    }
    for (const button of root.querySelectorAll("button[data-action]")) {
      button.addEventListener("click", actions[button.dataset.action]);
    }
    addViewportControls(this.find(".viewport"), this);
    this.removeShortcuts = addKeyboardShortcuts(this);
  }

  setColors(colors) {
    const box = this.find(".box");
    for (const name of ["evidence", "saliency"]) {
      const stops = colors[name].map((color, i, all) => `rgb(${color.join(" ")} / ${i / (all.length - 1)})`);
      box.style.setProperty(`--${name}`, `linear-gradient(90deg, ${stops}), #000`);
    }
    box.style.setProperty("--outline", colors.outline);
  }

  shortcutsEnabled() {
    return this.find("[data-action=shortcuts]").checked;
  }

  // Reports a value to the server, and says that its answer is awaited if that takes a while.
  report(name, value) {
    this.setState(name, value);
    clearTimeout(this.loadingTimer);
    this.loadingTimer = setTimeout(() => this.showLoading(true), 300);
    clearTimeout(this.giveUpLoadingTimer);
    this.giveUpLoadingTimer = setTimeout(() => this.showLoading(false), 10000);
  }

  showLoading(isLoading) {
    clearTimeout(this.loadingTimer);
    this.find(".loading").textContent = isLoading ? "Loading\u2026" : "";
  }

  choose(id) {
    this.pendingId = id;
    this.worklist.mark(id);
    clearTimeout(this.sendTimer);
    // A wheel passes several slices before the first request could be sent.
    this.sendTimer = setTimeout(() => this.report("chosen", id), 40);
    clearTimeout(this.previewTimer);
    this.previewTimer = setTimeout(
      () => this.pendingId === id && this.viewport.preview(this.worklist.chosenThumbnail()), 90);
    clearTimeout(this.giveUpTimer);
    this.giveUpTimer = setTimeout(() => { this.pendingId = ""; }, 5000);
  }

  setOverlay(name, isOn) {
    const { settings } = this.viewport;
    this.find(`[data-overlay=${name}]`).checked = isOn;
    settings[name] = isOn;
    if (name === "side") this.viewport.arrange();
    else this.viewport.draw();
    this.find(".scale").dataset.layer = settings.evidence || !settings.saliency ? "evidence" : "saliency";
    if (name === "saliency") this.report("saliency", isOn);
  }

  toggle(name) {
    if (!this.find(`[data-overlay=${name}]`).disabled) this.setOverlay(name, !this.viewport.settings[name]);
  }

  // Hides all overlays, or shows again those that were visible before.
  toggleOverlays() {
    const visible = ["outline", "evidence", "saliency"].filter((name) => this.viewport.settings[name]);
    if (visible.length) this.hiddenOverlays = visible;
    const names = visible.length ? visible : this.hiddenOverlays || ["outline", "evidence"];
    for (const name of names) this.setOverlay(name, !visible.length);
  }

  setMeasuring(isOn) {
    if (isOn) this.setCropping(false);
    this.ruler.setActive(isOn);
    this.find("[data-action=ruler]").setAttribute("aria-pressed", String(isOn));
    this.find(".ruler").hidden = !isOn;
  }

  setCropping(isOn) {
    if (isOn) this.setMeasuring(false);
    this.crop.setActive(isOn);
    this.find("[data-action=crop]").setAttribute("aria-pressed", String(isOn));
    this.find(".crop-actions").hidden = !isOn;
  }

  // Asks the server to change the scan and read it again; the number distinguishes two equal requests.
  edit(action) {
    const box = action === "crop" ? this.crop.box : null;
    this.setCropping(false);
    this.report("edit", { id: this.scanId, action, box, number: `${Date.now()}-${Math.random()}` });
  }

  enableEdits(scan) {
    for (const button of this.root.querySelectorAll(".edits button")) button.disabled = !scan.can_edit || !scan.base;
    this.find("[data-edit=undo]").disabled = !scan.can_undo;
    this.find("[data-action=ruler]").disabled = !scan.base;
  }

  setOpacity(value) {
    this.viewport.settings.opacity = value;
    this.viewport.draw();
  }

  setWindow(values) {
    this.window = values;
    this.windowControls.show(values);
    this.viewport.setWindow(values.center, values.width);
    this.planes.setWindow(values);
  }

  shiftWindow(dx, dy) {
    const { low, high } = this.base;
    const step = (high - low) / 400;
    this.setWindow({
      center: Math.max(low, Math.min(high, this.window.center + dy * step)),
      width: Math.max(step, Math.min(high - low, this.window.width + dx * step)),
    });
  }

  resetView() {
    if (this.base) this.setWindow({ center: this.base.center, width: this.base.window });
    this.viewport.reset();
  }

  async update({ data, setStateValue }) {
    this.setState = setStateValue;
    this.worklist.show(data.entries);
    const isOutdated = this.pendingId !== "" && data.scan.id !== this.pendingId;
    if (!isOutdated) this.pendingId = "";
    this.worklist.mark(this.pendingId || data.scan.id);
    this.slices.show(isOutdated ? this.slices.series : data.series, isOutdated);
    if (isOutdated) return;
    this.showLoading(false);
    const content = JSON.stringify(data.scan);
    if (content !== this.scanContent) {
      this.scanContent = content;
      await this.showScan(data.scan, data.series);
    }
    const isSwitchedOff = !this.find("[data-action=planes]").checked;
    this.find(".planes-switch").hidden = !data.planes && !isSwitchedOff;
    await this.planes.show(data.scan.error ? null : data.planes, this.window);
  }

  async showScan(scan, series) {
    // Identified by the first slice, because two series may have the same title.
    const isSameSeries = Boolean(series) && series.ids[0] === this.seriesId;
    const isSameEdit = scan.id !== this.scanId || scan.edit === this.scanEdit;
    const keepView = isSameEdit && (isSameSeries || scan.id === this.scanId);
    Object.assign(this, { scanId: scan.id, scanEdit: scan.edit, seriesId: series?.ids[0] || "" });
    this.setCropping(false);
    this.enableEdits(scan);
    this.find(".name").textContent = scan.name;
    const error = this.find(".error");
    error.hidden = !scan.error;
    error.textContent = scan.error;
    this.find(".viewer").classList.toggle("failed", Boolean(scan.error));
    if (!(await this.viewport.load(scan, keepView))) return;
    this.base = scan.base || null;
    const element = this.find(".viewport");
    element.setAttribute("aria-label", `Scan ${scan.name}`);
    this.enableOverlays(scan.panels || []);
    if (this.base) this.initWindow(keepView);
    // A line stays at its place while scrolling through a series.
    if (this.ruler.isActive) this.ruler.setLine(keepView && this.base ? this.ruler.line : null);
    if (!this.ruler.isActive) this.setMeasuring(false);
    this.showRemarks();
    this.viewport.arrange();
    element.dataset.scan = scan.id;
  }

  showRemarks() {
    const remarks = this.base && !this.base.edges ? [NO_ORIENTATION] : [];
    this.find(".remarks").hidden = !remarks.length;
    this.find(".remarks").textContent = remarks.join(" ");
  }

  // A window set by the reader stays while scrolling through a series.
  initWindow(keepWindow) {
    const { center, window: width } = this.base;
    this.windowControls.setScan(this.base);
    this.setWindow(keepWindow && this.window ? this.window : { center, width });
  }

  // Disables the overlays that no panel has.
  enableOverlays(panels) {
    const hasLayer = (panel, name) => (name === "saliency" ? panel.has_saliency && !panel.rejected : panel[name]);
    for (const name of ["outline", "evidence", "saliency"]) {
      const control = this.find(`[data-overlay=${name}]`);
      control.disabled = !panels.some((panel) => hasLayer(panel, name));
      const reason = name === "saliency" && panels.map((panel) => panel.no_saliency_reason).find(Boolean);
      control.parentElement.title = control.disabled ? reason || "Not available for this scan and model" : "";
    }
  }
}

const viewers = new WeakMap();

// Called with every new data; returns the clean-up function.
export default function (component) {
  const { parentElement, data } = component;
  if (!viewers.has(parentElement)) viewers.set(parentElement, new Viewer(parentElement, data.colors));
  const viewer = viewers.get(parentElement);
  viewer.update(component);
  return () => {
    viewer.removeShortcuts();
    viewers.delete(parentElement);
  };
}
