// Viewport: one scan in one or more panels that zoom and pan together, with overlays drawn in the browser.

function clampFraction(value) {
  return Math.max(0, Math.min(1, value));
}

class Viewport {
  constructor(element, colors) {
    this.element = element;
    this.colors = colors;
    this.scan = null;
    this.layers = [];
    this.panels = [];
    this.settings = { outline: true, evidence: true, saliency: false, opacity: 0.6, side: false };
    this.reset();
    new ResizeObserver(() => this.draw()).observe(element);
  }

  reset() {
    Object.assign(this, { zoom: 1, x: 0, y: 0 });
    this.draw();
  }

  // Decodes a scan; returns false if another scan was requested meanwhile, because only the latest is shown.
  async load(scan, keepView) {
    const request = (this.request = {});
    const base = await decodeArray(scan.base);
    const layers = await Promise.all((scan.panels || []).map((panel) => this.decodeLayers(panel)));
    if (request !== this.request) return false;
    const [rowSpacing, columnSpacing] = scan.base?.spacing || [1, 1];
    this.scan = base && { array: base, width: base.width, height: (base.height * rowSpacing) / columnSpacing };
    Object.assign(this, { edges: scan.base?.edges, size: scan.base?.size });
    this.layers = layers;
    if (!keepView) Object.assign(this, { zoom: 1, x: 0, y: 0 });
    return true;
  }

  async decodeLayers(panel) {
    const arrays = [panel.evidence, panel.saliency, panel.outline].map(decodeArray);
    const [evidence, saliency, mask] = await Promise.all(arrays);
    return {
      version: panel.version,
      altText: panel.alt_text,
      evidence: evidence && renderHeatMap(evidence, this.colors.evidence),
      saliency: saliency && renderHeatMap(saliency, this.colors.saliency),
      outline: mask && { path: traceContour(mask), width: mask.width, height: mask.height },
    };
  }

  // Shows a thumbnail until the scan has arrived.
  preview(thumbnail) {
    if (!this.scan || !thumbnail?.complete) return;
    for (const canvas of this.element.querySelectorAll("canvas")) {
      const context = canvas.getContext("2d");
      const scale = Math.min(canvas.width / thumbnail.naturalWidth, canvas.height / thumbnail.naturalHeight);
      const [width, height] = [thumbnail.naturalWidth * scale, thumbnail.naturalHeight * scale];
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(thumbnail, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    }
  }

  setWindow(center, width) {
    if (this.scan) this.scan.image = renderGray(this.scan.array, center, Math.max(width, 1e-6));
    this.draw();
  }

  // Creates one panel per version, and one without overlays in side-by-side mode or if there are no versions.
  arrange() {
    const showsPlain = this.settings.side || !this.layers.length;
    const contents = this.scan ? [...(showsPlain ? [null] : []), ...this.layers] : [];
    const figures = contents.map((layers) => this.createFigure(layers, contents.length > 1));
    this.element.replaceChildren(...figures);
    this.panels = contents.map((layers, i) => ({ layers, canvas: figures[i].firstChild }));
    this.draw();
  }

  createFigure(layers, hasCaption) {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    const altText = layers ? layers.altText : "The scan without overlays.";
    canvas.setAttribute("aria-label", altText + describeEdges(this.edges));
    figure.append(canvas, ...createEdgeLetters(this.edges));
    if (hasCaption) {
      const caption = document.createElement("figcaption");
      caption.textContent = layers ? layers.version : "Scan";
      figure.append(caption);
    }
    return figure;
  }

  // Zooms around a point given relative to the centre.
  zoomAt(factor, x = 0, y = 0) {
    const zoom = Math.max(1, Math.min(24, this.zoom * factor));
    const ratio = zoom / this.zoom;
    Object.assign(this, { zoom, x: x - (x - this.x) * ratio, y: y - (y - this.y) * ratio });
    this.draw();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  // Corner and size of the scan on a canvas, in CSS pixels.
  placement(canvas) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const scale = Math.min(width / this.scan.width, height / this.scan.height) * this.zoom;
    const size = [this.scan.width * scale, this.scan.height * scale];
    // Panning stops at the edges of the scan.
    const limit = size.map((side, i) => Math.max(0, (side - [width, height][i]) / 2));
    this.x = Math.max(-limit[0], Math.min(limit[0], this.x));
    this.y = Math.max(-limit[1], Math.min(limit[1], this.y));
    return { corner: [(width - size[0]) / 2 + this.x, (height - size[1]) / 2 + this.y], size };
  }

  // Position of the pointer on the scan, as fractions of its width and height, clamped to its edges.
  position(event, canvas) {
    const bounds = canvas.getBoundingClientRect();
    const { corner, size } = this.placement(canvas);
    return [
      clampFraction((event.clientX - bounds.left - corner[0]) / size[0]),
      clampFraction((event.clientY - bounds.top - corner[1]) / size[1]),
    ];
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    for (const { layers, canvas } of this.panels || []) {
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      if (!width || !this.scan?.image) continue;
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      const { corner, size } = this.placement(canvas);
      const context = canvas.getContext("2d");
      this.drawPanel(context, layers, ratio, corner, size);
      if (this.crop) this.drawCrop(context, corner, size);
      if (this.cross) drawCross(context, this.cross.map((each, i) => corner[i] + each * size[i]), corner, size);
      if (this.line) this.drawLine(context, corner, size);
      drawScaleBar(context, canvas, this.size, size[0]);
    }
    this.element.classList.toggle("zoomed", this.zoom > 1);
  }

  // Darkens what lies outside the box.
  drawCrop(context, [left, top], [width, height]) {
    const [x, y] = [left + this.crop[0] * width, top + this.crop[1] * height];
    const [boxWidth, boxHeight] = [(this.crop[2] - this.crop[0]) * width, (this.crop[3] - this.crop[1]) * height];
    const outside = new Path2D();
    outside.rect(left, top, width, height);
    outside.rect(x, y, boxWidth, boxHeight);
    context.fillStyle = "rgba(0, 0, 0, 0.6)";
    context.fill(outside, "evenodd");
    for (const [lineWidth, color] of [[4, "rgba(0, 0, 0, 0.6)"], [2, "#fff"]]) {
      context.lineWidth = lineWidth;
      context.strokeStyle = color;
      context.strokeRect(x, y, boxWidth, boxHeight);
    }
  }

  // The line of the ruler, with rings around its ends and its length.
  drawLine(context, corner, size) {
    const ends = this.line.map((end) => end.map((fraction, i) => corner[i] + fraction * size[i]));
    const path = new Path2D();
    path.moveTo(...ends[0]);
    path.lineTo(...ends[1]);
    for (const [x, y] of ends) {
      path.moveTo(x + 6, y);
      path.arc(x, y, 6, 0, 2 * Math.PI);
    }
    strokeTwice(context, path);
  }

  drawPanel(context, layers, ratio, [left, top], [width, height]) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingQuality = "high";
    // From this zoom on, pixels are drawn as squares.
    context.imageSmoothingEnabled = width / this.scan.array.width < 6;
    context.drawImage(this.scan.image, left, top, width, height);
    if (!layers) return;
    context.imageSmoothingEnabled = true;
    context.globalAlpha = this.settings.opacity;
    for (const name of ["evidence", "saliency"]) {
      if (this.settings[name] && layers[name]) context.drawImage(layers[name], left, top, width, height);
    }
    context.globalAlpha = 1;
    if (this.settings.outline && layers.outline) this.drawOutline(context, layers.outline, left, top, width, height);
  }

  drawOutline(context, outline, left, top, width, height) {
    const path = new Path2D();
    path.addPath(outline.path, new DOMMatrix([width / outline.width, 0, 0, height / outline.height, left, top]));
    for (const [lineWidth, color] of [[4, "rgba(0,0,0,0.55)"], [2, this.colors.outline]]) {
      context.lineWidth = lineWidth;
      context.lineCap = "round";
      context.strokeStyle = color;
      context.stroke(path);
    }
  }
}
