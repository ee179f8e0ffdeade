// View: one scan in one or more panes that zoom and pan together; overlays are laid over it here, not by the server.

class View {
  constructor(stage, colours) {
    this.stage = stage;
    this.colours = colours;
    this.scan = null;
    this.panes = [];
    this.shown = { outline: true, evidence: true, saliency: false, opacity: 0.6, side: false };
    this.reset();
    new ResizeObserver(() => this.draw()).observe(stage);
  }

  reset() {
    Object.assign(this, { zoom: 1, x: 0, y: 0 });
    this.draw();
  }

  // Several scans may be on their way at once: only the one that was asked for last is shown.
  async show(scan, sameSize) {
    const asked = (this.asked = {});
    const base = await openedGrid(scan.base);
    const panes = await Promise.all(
      (scan.panes || []).map(async (sent) => {
        const [evidence, saliency, mask] = await Promise.all(
          [sent.evidence, sent.saliency, sent.outline].map(openedGrid));
        return {
          version: sent.version,
          said: sent.said,
          evidence: evidence && paintedHeat(evidence, this.colours.evidence),
          saliency: saliency && paintedHeat(saliency, this.colours.saliency),
          outline: mask && { path: contourOf(mask), width: mask.width, height: mask.height },
        };
      }));
    if (asked !== this.asked) return false;
    const [rows, columns] = scan.base?.spacing || [1, 1];
    this.scan = base && { grid: base, width: base.width, height: (base.height * rows) / columns };
    this.layers = panes;
    if (!sameSize) Object.assign(this, { zoom: 1, x: 0, y: 0 });
    return true;
  }

  // A thumbnail in place of a scan that is still on its way.
  preview(image) {
    if (!this.scan || !image?.complete) return;
    for (const canvas of this.stage.querySelectorAll("canvas")) {
      const brush = canvas.getContext("2d");
      const scale = Math.min(canvas.width / image.naturalWidth, canvas.height / image.naturalHeight);
      const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
      brush.setTransform(1, 0, 0, 1, 0, 0);
      brush.clearRect(0, 0, canvas.width, canvas.height);
      brush.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    }
  }

  window(centre, width) {
    if (this.scan) this.scan.picture = paintedGrey(this.scan.grid, centre, Math.max(width, 1e-6));
    this.draw();
  }

  // Panes: the scan alone where it stands beside its overlays, then one for each version.
  arrange() {
    const wanted = this.scan ? [...(this.shown.side || !this.layers.length ? [null] : []), ...this.layers] : [];
    const several = wanted.length > 1;
    this.stage.replaceChildren(
      ...wanted.map((layers) => {
        const figure = document.createElement("figure");
        const canvas = document.createElement("canvas");
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", layers ? layers.said : "The scan without overlays.");
        figure.append(canvas);
        if (several) {
          const caption = document.createElement("figcaption");
          caption.textContent = layers ? layers.version : "Scan";
          figure.append(caption);
        }
        return figure;
      }));
    this.panes = wanted.map((layers, i) => ({ layers, canvas: this.stage.children[i].firstChild }));
    this.draw();
  }

  zoomAt(factor, x = 0, y = 0) {
    const zoom = Math.max(1, Math.min(24, this.zoom * factor));
    const grown = zoom / this.zoom;
    Object.assign(this, { zoom, x: x - (x - this.x) * grown, y: y - (y - this.y) * grown });
    this.draw();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    for (const { layers, canvas } of this.panes || []) {
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      if (!width || !this.scan?.picture) continue;
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      const fit = Math.min(width / this.scan.width, height / this.scan.height) * this.zoom;
      const size = [this.scan.width * fit, this.scan.height * fit];
      // What was panned may not leave the pane.
      const reach = size.map((side, i) => Math.max(0, (side - [width, height][i]) / 2));
      this.x = Math.max(-reach[0], Math.min(reach[0], this.x));
      this.y = Math.max(-reach[1], Math.min(reach[1], this.y));
      const corner = [(width - size[0]) / 2 + this.x, (height - size[1]) / 2 + this.y];
      this.paint(canvas.getContext("2d"), layers, ratio, corner, size);
    }
    this.stage.classList.toggle("zoomed", this.zoom > 1);
  }

  paint(brush, layers, ratio, [left, top], [width, height]) {
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.imageSmoothingQuality = "high";
    // Enlarged far enough, a pixel is shown as the square it is.
    brush.imageSmoothingEnabled = width / this.scan.grid.width < 6;
    brush.drawImage(this.scan.picture, left, top, width, height);
    if (!layers) return;
    brush.imageSmoothingEnabled = true;
    brush.globalAlpha = this.shown.opacity;
    for (const name of ["evidence", "saliency"]) {
      if (this.shown[name] && layers[name]) brush.drawImage(layers[name], left, top, width, height);
    }
    brush.globalAlpha = 1;
    if (this.shown.outline && layers.outline) this.trace(brush, layers.outline, left, top, width, height);
  }

  trace(brush, outline, left, top, width, height) {
    const line = new Path2D();
    line.addPath(
      outline.path, new DOMMatrix([width / outline.width, 0, 0, height / outline.height, left, top]));
    for (const [thick, colour] of [[4, "rgba(0,0,0,0.55)"], [2, this.colours.outline]]) {
      brush.lineWidth = thick;
      brush.lineCap = "round";
      brush.strokeStyle = colour;
      brush.stroke(line);
    }
  }
}
