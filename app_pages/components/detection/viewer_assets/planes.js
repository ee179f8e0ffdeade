// Linked planes: slices of other planes through one position in the patient, with lines where they cross.
// Positions are in mm to the patient's left, back and head; `placement` has the corner of a slice and its sides.

function dot(first, second) {
  return first.reduce((sum, each, i) => sum + each * second[i], 0);
}

function toFractions(position, { corner, right, down }) {
  const offset = position.map((each, i) => each - corner[i]);
  return [dot(offset, right) / dot(right, right), dot(offset, down) / dot(down, down)];
}

function toPosition([across, along], { corner, right, down }) {
  return corner.map((each, i) => each + across * right[i] + along * down[i]);
}

// Lines through a point of a picture, with a gap around it.
function drawCross(context, [x, y], [left, top], [width, height]) {
  const gap = 10;
  const path = new Path2D(`M${left} ${y}H${Math.max(left, x - gap)}M${Math.min(left + width, x + gap)} ${y}H${left + width}
    M${x} ${top}V${Math.max(top, y - gap)}M${x} ${Math.min(top + height, y + gap)}V${top + height}`);
  for (const [lineWidth, color] of [[3, "rgba(0, 0, 0, 0.5)"], [1, "#ffd54a"]]) {
    Object.assign(context, { lineWidth, strokeStyle: color, lineCap: "butt" });
    context.stroke(path);
  }
}

class LinkedPlanes {
  constructor(element, viewport, report) {
    Object.assign(this, { element, viewport, report, data: null, figures: new Map(), isHeld: false });
    this.addClick(viewport.element);
    new ResizeObserver(() => this.draw()).observe(element);
  }

  // A click on the selected slice, without dragging it, moves the position.
  addClick(element) {
    let start = null;
    element.addEventListener("pointerdown", (event) => {
      start = event.button === 0 && event.target.closest("canvas") ? [event.clientX, event.clientY] : null;
    });
    element.addEventListener("pointerup", (event) => {
      const canvas = event.target.closest("canvas") || element.querySelector("canvas");
      if (!start || !this.data || !canvas) return;
      if (Math.hypot(event.clientX - start[0], event.clientY - start[1]) > 4) return;
      this.setPosition(toPosition(this.viewport.position(event, canvas), this.data.placement));
    });
  }

  async show(data, currentWindow) {
    this.element.hidden = !data;
    this.element.parentElement.classList.toggle("linked", Boolean(data));
    const isMoving = this.isHeld || this.timer;
    const position = isMoving && this.data?.frame === data?.frame ? this.data?.position : data?.position;
    this.data = data && { ...data, position };
    this.window = currentWindow;
    const request = (this.request = {});
    const loaded = await Promise.all((data?.slices || []).map((each) => this.loadFigure(each)));
    if (request !== this.request) return;
    this.figures = new Map(loaded.map((figure) => [figure.key, figure]));
    const elements = loaded.map((figure) => figure.element);
    if (elements.some((each, i) => each !== this.element.children[i]) || elements.length !== this.element.children.length) {
      this.element.replaceChildren(...elements);
    }
    this.setWindow(currentWindow);
  }

  // The figure of a plane keeps its element, and with it the focus, when its slice changes.
  async loadFigure(slice) {
    const key = slice.placement.normal.map((each) => Math.abs(each).toFixed(1)).join(" ");
    const figure = this.figures.get(key) || this.createFigure(key);
    const content = `${slice.id} ${slice.edit}`;
    if (figure.content !== content) {
      const array = await decodeArray(slice.picture);
      Object.assign(figure, { content, array, image: null });
    }
    figure.slice = slice;
    figure.caption.textContent = slice.title;
    figure.element.querySelectorAll(".edge").forEach((each) => each.remove());
    figure.element.append(...createEdgeLetters(slice.picture.edges));
    figure.element.setAttribute("aria-label", `${slice.title}. Arrow keys move the position.`);
    return figure;
  }

  createFigure(key) {
    const element = document.createElement("div");
    const canvas = document.createElement("canvas");
    const caption = document.createElement("span");
    caption.className = "caption";
    Object.assign(element, { className: "plane", tabIndex: 0 });
    element.setAttribute("role", "group");
    canvas.setAttribute("aria-hidden", "true"); // the group is named
    element.append(canvas, caption);
    const figure = { key, element, canvas, caption };
    const moveTo = (event) => {
      const box = canvas.getBoundingClientRect();
      const { corner, size } = this.place(figure);
      const at = [event.clientX - box.left, event.clientY - box.top];
      this.setPosition(toPosition(at.map((each, i) => clampFraction((each - corner[i]) / size[i])), figure.slice.placement));
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.isHeld = true;
      element.setPointerCapture(event.pointerId);
      moveTo(event);
    });
    element.addEventListener("pointermove", (event) => this.isHeld && moveTo(event));
    for (const type of ["pointerup", "pointercancel"]) {
      element.addEventListener(type, () => { this.isHeld = false; });
    }
    element.addEventListener("keydown", (event) => this.onKey(event, figure));
    return figure;
  }

  onKey(event, { slice, array }) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || hasModifier(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const sides = [array.width, array.height];
    const fractions = toFractions(this.data.position, slice.placement);
    const moved = fractions.map((each, i) => clampFraction((Math.floor(each * sides[i]) + 0.5 + step[i]) / sides[i]));
    this.setPosition(toPosition(moved, slice.placement));
  }

  // Moves the position, and reports the nearest slice of the selected series.
  setPosition(position) {
    this.data.position = position;
    const along = dot(position.map((each, i) => each - this.data.placement.corner[i]), this.data.placement.normal);
    const offsets = this.data.distances.map((each) => (each === null ? Infinity : Math.abs(each - along)));
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.report({ position: this.data.position, frame: this.data.frame }, offsets.indexOf(Math.min(...offsets)));
    }, 40);
  }

  // Moves the position to another slice of the selected series, before the server has answered.
  scrollTo(index) {
    const { position, placement, distances } = this.data || {};
    const distance = distances?.[index];
    if (distance === undefined || distance === null) return;
    const along = dot(position.map((each, i) => each - placement.corner[i]), placement.normal);
    this.data.position = position.map((each, i) => each + (distance - along) * placement.normal[i]);
    this.draw();
  }

  setWindow(values) {
    this.window = values;
    for (const figure of this.figures.values()) {
      const { picture, shares_window: sharesWindow } = figure.slice;
      const { center, width } = sharesWindow && values ? values : { center: picture.center, width: picture.window };
      if (figure.image && figure.shown === `${center} ${width}`) continue;
      figure.image = renderGray(figure.array, center, Math.max(width, 1e-6));
      figure.shown = `${center} ${width}`;
    }
    this.draw();
  }

  // Corner and size of a slice on its canvas, in CSS pixels.
  place({ canvas, slice }) {
    const sides = [canvas.clientWidth, canvas.clientHeight];
    const lengths = [slice.picture.size.width, slice.picture.size.height];
    const scale = Math.min(sides[0] / lengths[0], sides[1] / lengths[1]);
    const size = lengths.map((length) => length * scale);
    return { corner: size.map((side, i) => (sides[i] - side) / 2), size };
  }

  draw() {
    this.viewport.cross = this.data && toFractions(this.data.position, this.data.placement);
    this.viewport.draw();
    if (!this.data) return;
    const ratio = window.devicePixelRatio || 1;
    for (const figure of this.figures.values()) {
      const { canvas, image, slice } = figure;
      if (!image || !canvas.clientWidth) continue;
      Object.assign(canvas, { width: canvas.clientWidth * ratio, height: canvas.clientHeight * ratio });
      const { corner, size } = this.place(figure);
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.drawImage(image, ...corner, ...size);
      const fractions = toFractions(this.data.position, slice.placement);
      drawCross(context, fractions.map((each, i) => corner[i] + each * size[i]), corner, size);
    }
  }
}
