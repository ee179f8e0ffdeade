// Crop tool: a box on the scan, as fractions of its width and height.

const MIN_CROP = 0.05;

class CropTool {
  constructor(viewport) {
    this.viewport = viewport;
    this.box = null;
    this.start = null;
    const { element } = viewport;
    // Before the gestures of the viewport, which would pan.
    element.addEventListener("pointerdown", (event) => this.onDown(event), { capture: true });
    element.addEventListener("pointermove", (event) => this.onMove(event), { capture: true });
    for (const type of ["pointerup", "pointercancel"]) {
      element.addEventListener(type, () => { this.start = null; }, { capture: true });
    }
    element.addEventListener("keydown", (event) => this.onKey(event), { capture: true });
  }

  get isActive() {
    return this.box !== null;
  }

  setActive(isActive) {
    this.setBox(isActive ? [0.2, 0.2, 0.8, 0.8] : null);
    this.start = null;
    this.viewport.element.classList.toggle("cropping", isActive);
    if (isActive) this.viewport.element.focus();
  }

  setBox(box) {
    this.box = this.viewport.crop = box;
    this.viewport.draw();
  }

  onDown(event) {
    const canvas = event.target.closest("canvas");
    if (!this.isActive || !canvas || event.button !== 0) return;
    event.stopPropagation();
    event.preventDefault();
    this.viewport.element.focus();
    this.viewport.element.setPointerCapture(event.pointerId);
    this.start = { canvas, position: this.viewport.position(event, canvas) };
  }

  onMove(event) {
    if (!this.start) return;
    event.stopPropagation();
    const [x, y] = this.viewport.position(event, this.start.canvas);
    const [startX, startY] = this.start.position;
    const box = [Math.min(x, startX), Math.min(y, startY), Math.max(x, startX), Math.max(y, startY)];
    if (box[2] - box[0] >= MIN_CROP && box[3] - box[1] >= MIN_CROP) this.setBox(box);
  }

  // Arrow keys move the box, with Shift they move its lower right corner.
  onKey(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!this.isActive || !step || hasModifier(event)) return;
    event.stopPropagation();
    event.preventDefault();
    const [left, top, right, bottom] = this.box;
    let [dx, dy] = step.map((direction) => direction * 0.02);
    if (event.shiftKey) {
      this.setBox([left, top, Math.max(left + MIN_CROP, clampFraction(right + dx)),
        Math.max(top + MIN_CROP, clampFraction(bottom + dy))]);
      return;
    }
    dx = Math.max(-left, Math.min(1 - right, dx));
    dy = Math.max(-top, Math.min(1 - bottom, dy));
    this.setBox([left + dx, top + dy, right + dx, bottom + dy]);
  }
}
