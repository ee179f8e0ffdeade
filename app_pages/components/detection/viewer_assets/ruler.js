// Ruler: a line on the scan, as fractions of its width and height, and its length.

class Ruler {
  constructor(viewport, output) {
    Object.assign(this, { viewport, output, line: null, held: -1 });
    const { element } = viewport;
    // Before the gestures of the viewport, which would pan.
    element.addEventListener("pointerdown", (event) => this.onDown(event), { capture: true });
    element.addEventListener("pointermove", (event) => this.onMove(event), { capture: true });
    for (const type of ["pointerup", "pointercancel"]) {
      element.addEventListener(type, () => { this.held = -1; }, { capture: true });
    }
    element.addEventListener("keydown", (event) => this.onKey(event), { capture: true });
  }

  get isActive() {
    return this.line !== null;
  }

  setActive(isActive) {
    this.setLine(isActive ? [[0.35, 0.5], [0.65, 0.5]] : null);
    this.held = -1;
    this.viewport.element.classList.toggle("measuring", isActive);
    if (isActive) this.viewport.element.focus({ preventScroll: true });
  }

  setLine(line) {
    this.line = this.viewport.line = line;
    this.output.textContent = line ? describeLength(line, this.viewport.size) : "";
    this.viewport.draw();
  }

  onDown(event) {
    const canvas = event.target.closest("canvas");
    if (!this.isActive || !canvas || event.button !== 0) return;
    event.stopPropagation();
    event.preventDefault();
    this.viewport.element.focus({ preventScroll: true });
    this.viewport.element.setPointerCapture(event.pointerId);
    const position = this.viewport.position(event, canvas);
    // An end under the pointer is moved; elsewhere a new line starts.
    const { size } = this.viewport.placement(canvas);
    const reach = event.pointerType === "mouse" ? 12 : 24; // CSS pixels
    const distances = this.line.map((end) => Math.hypot(...end.map((each, i) => (each - position[i]) * size[i])));
    this.held = distances[1] <= distances[0] ? 1 : 0;
    this.canvas = canvas;
    if (distances[this.held] > reach) {
      this.held = 1;
      this.setLine([position, position]);
    }
  }

  onMove(event) {
    if (this.held < 0) return;
    event.stopPropagation();
    this.setEnd(this.held, this.viewport.position(event, this.canvas));
  }

  setEnd(index, position) {
    this.setLine(this.line.map((end, i) => (i === index ? position.map(clampFraction) : end)));
  }

  // Arrow keys move the second end, with Shift the first one.
  onKey(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!this.isActive || !step || hasModifier(event)) return;
    event.stopPropagation();
    event.preventDefault();
    const index = event.shiftKey ? 0 : 1;
    this.setEnd(index, this.line[index].map((each, i) => each + 0.005 * step[i]));
  }
}

function describeLength([[x1, y1], [x2, y2]], { width, height, unit }) {
  const length = Math.hypot((x2 - x1) * width, (y2 - y1) * height);
  return `Length: ${length.toFixed(1)} ${unit}.${unit === "mm" ? "" : ` ${NO_SPACING}`}`;
}
